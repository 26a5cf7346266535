import { stripVTControlCharacters } from 'node:util'
import { renderUsage } from 'citty'
import type { Command, Group } from '../command.ts'
import type { Io } from '../io.ts'

/**
 * The help of a command: citty's usage, and examples. `typed` are the words that lead to it. Citty colours without asking what
 * the output is, and pads the ends of lines; both are undone.
 */
export async function renderHelp(found: Command | Group, typed: readonly string[], io: Io): Promise<string> {
  const parent = typed.length > 0 && { meta: { name: ['skyclaw', ...typed.slice(0, -1)].join(' ') } }
  const usage = stripVTControlCharacters(await (parent ? renderUsage(found, parent) : renderUsage(found)))
  const examples = 'definition' in found ? found.definition.examples : found.examples
  const options =
    'definition' in found || typed.length > 0
      ? []
      : ['', 'OPTIONS', '', '  -v, --version    Show the version', '     -h, --help    Show this help']
  const lines = examples.map((example) => `  ${io.program} ${example}`)
  const text = [usage.trimEnd(), ...options, ...(lines.length > 0 ? ['', 'EXAMPLES', '', ...lines] : [])].join('\n')
  return `${text.replaceAll(/[ \t]+$/gm, '')}\n`
}
