import type { ClientSettings } from '../environment.ts'
import type { Io } from '../io.ts'
import { plainLine } from '../render/plain-text.ts'
import { renderDuration } from '../render/time.ts'

/** An answer takes milliseconds; whoever waits for longer wants to know what for. */
const patienceMs = 1_500

/** On a terminal, says on stderr that no coordinator has answered yet. Returns what ends it. */
export function sayWhenSlow(
  { stderr }: Io,
  { coordinators, timeoutMs }: Pick<ClientSettings, 'coordinators' | 'timeoutMs'>,
): () => void {
  if (!stderr.isTTY || timeoutMs <= patienceMs) return () => {}
  const line = `no answer yet from ${coordinators.join(', ')}; trying for ${renderDuration(timeoutMs)}`
  const timer = setTimeout(() => stderr.write(`skyclaw: ${plainLine(line)}\n`), patienceMs)
  return () => clearTimeout(timer)
}
