import type { Clock } from '../clock.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** Records dropped in one turn: short enough not to hold up what waits. */
const recordsPerTurn = 250

/**
 * Drops jobs, and reports that came too late, that ended longer ago than the retention, all of them, however fast they come: turn by turn, so that other work goes on
 * beside it. Answers how many. Ends early when the signal is aborted.
 *
 * Hosts never end, and are not dropped here. What can change is written anew from time to time by the coordinators that keep it, and
 * what none of them does that for is forgotten when it is older than the retention.
 */
export async function pruneJobs(
  ledger: Ledger,
  clock: Clock,
  retentionMs: number,
  closing?: AbortSignal,
): Promise<number> {
  const before = clock.now() - retentionMs
  let pruned = 0
  for (;;) {
    if (closing?.aborted) return pruned
    const count = await ledger.prune(before, recordsPerTurn)
    pruned += count
    if (count < recordsPerTurn) return pruned
  }
}
