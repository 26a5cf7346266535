import type { RunResult } from '../run/children.ts'

/** Says what a number of seeds came to: how fast they ran, what happened in them. */
export function printResult(result: RunResult): void {
  for (const line of resultLines(result)) console.log(line)
}

function resultLines({ seeds, virtualMs, events, coverage, tookMs }: RunResult): string[] {
  const hours = tookMs / 3_600_000
  return [
    `${seeds} seeds in ${(tookMs / 1_000).toFixed(1)} s: ${Math.round(seeds / hours)} seeds an hour`,
    `${(virtualMs / 3_600_000).toFixed(2)} virtual hours, ${events} events, ${coverage.messages} messages, ${coverage.pages} pages of feeds`,
    `faults: ${countsLine(coverage.faults)}`,
    `marks: ${countsLine(coverage.marks)}`,
  ]
}

/** Names and how often, in the order of the names. */
export function countsLine(of: ReadonlyMap<string, number>): string {
  const sorted = [...of].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([name, times]) => `${name.replaceAll('_', ' ')} ${times}`).join(', ')
}
