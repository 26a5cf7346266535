import type { Check } from './checks.ts'
import type { NodeSample, Sample } from './sampler.ts'

const walLimitBytes = 64 * 1_048_576
/** Memory and files breathe: a checkpoint, a late collection, an hour's housekeeping. */
const slack = { memoryShare: 0.1, memoryBytes: 16 * 1_048_576, fileBytes: 1_048_576 } as const

const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`

/** What must be true of coordinators that had nothing to do for a while. */
export function checkIdle(samples: readonly Sample[]): Check[] {
  const idle = samples.filter(({ phase }) => phase === 'idle')
  const [first, last] = [idle[0], idle.at(-1)]
  const checks: Check[] = [
    { what: 'the coordinators were watched while idle', problem: first ? undefined : 'no sample' },
  ]
  for (const [index, after] of (last?.nodes ?? []).entries()) {
    const before = first!.nodes[index]!
    checks.push(
      grows(`memory of coordinator ${index} does not grow while idle`, before, after, 'memoryBytes'),
      grows(`the database of coordinator ${index} does not grow while idle`, before, after, 'databaseBytes'),
      {
        what: `the write-ahead log of coordinator ${index} is within its limit`,
        problem: after.walBytes <= walLimitBytes ? undefined : megabytes(after.walBytes),
      },
    )
  }
  return checks
}

function grows(what: string, before: NodeSample, after: NodeSample, of: 'memoryBytes' | 'databaseBytes'): Check {
  const room =
    of === 'memoryBytes' ? Math.max(slack.memoryBytes, before.memoryBytes * slack.memoryShare) : slack.fileBytes
  const fine = after[of] <= before[of] + room
  return { what, problem: fine ? undefined : `from ${megabytes(before[of])} to ${megabytes(after[of])}` }
}
