import { stripVTControlCharacters } from 'node:util'
import { renderUsage } from 'citty'
import type { Command, Group } from '../command.ts'
import type { Io } from '../io.ts'

/** The help of a command: citty's usage, and examples. Citty colours without asking what the output is, so colours go. */
export async function renderHelp(
  found: Command | Group,
  parent: Group | undefined,
  examples: readonly string[],
  io: Io,
): Promise<string> {
  const usage = stripVTControlCharacters(await renderUsage(found, parent)).trimEnd()
  const lines = examples.map((example) => `  ${example.startsWith('SKYCLAW_') ? example : `${io.program} ${example}`}`)
  return `${[usage, ...(lines.length > 0 ? ['', 'EXAMPLES', '', ...lines] : [])].join('\n')}\n`
}
