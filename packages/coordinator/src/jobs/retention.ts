import type { Clock } from '../clock.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** Records dropped in one turn: short enough not to hold up what waits. */
const recordsPerTurn = 250

/** Turns in one round; what is left comes with the next. */
const turnsPerRound = 40

/** Drops jobs that ended longer ago than the retention. Answers how many. */
export async function pruneJobs(ledger: Ledger, clock: Clock, retentionMs: number): Promise<number> {
  let pruned = 0
  for (let turn = 0; turn < turnsPerRound; turn += 1) {
    const count = await ledger.prune(clock.now() - retentionMs, recordsPerTurn)
    pruned += count
    if (count < recordsPerTurn) break
  }
  return pruned
}
