import type { Job } from '@skyclaw/protocol'
import { interrupted } from './work.ts'

const outputChars = 50

/** A table of what came out. */
export function renderResults(
  jobs: readonly Job[],
  titles: ReadonlyMap<string, string>,
  hosts: ReadonlyMap<string, string>,
): string {
  const rows = [...titles].map(([id, title]) => {
    const job = jobs.find((candidate) => candidate.id === id)
    const tried = job?.attemptHistory.map(({ hostId }) => hosts.get(hostId) ?? hostId).join(', then ') ?? ''
    const took = job?.result ? `${(job.result.durationMs / 1_000).toFixed(1)} s` : '-'
    const output = (job?.result?.stdout ?? '').trim().replaceAll(/[\p{Cc}\s]+/gu, ' ')
    return [title, job?.status ?? 'missing', tried, took, output.slice(0, outputChars)]
  })
  const table = [['job', 'status', 'host', 'took', 'output'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  return table
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}

/** Throws for anything that is not as it has to be. `killed` is the id of the host that was killed. */
export function checkResults(jobs: readonly Job[], titles: ReadonlyMap<string, string>, killed: string): void {
  for (const [id, title] of titles) {
    const job = jobs.find((candidate) => candidate.id === id)
    if (job?.status !== 'completed')
      throw new Error(`"${title}" ended ${job?.status ?? 'nowhere'}: ${job?.error ?? 'no error given'}`)
    if (title !== interrupted) continue
    const [first] = job.attemptHistory
    const last = job.attemptHistory.at(-1)
    if (first?.hostId !== killed || first.outcome !== 'lease_lost') throw new Error(`"${title}" did not lose its host`)
    if (last?.hostId === killed || last?.outcome !== 'completed')
      throw new Error(`"${title}" was not finished elsewhere`)
    if (job.result?.stdout !== 'finished\n') throw new Error(`"${title}" printed ${JSON.stringify(job.result?.stdout)}`)
  }
}
