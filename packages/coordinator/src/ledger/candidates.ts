import type { DueRecord } from '@skyclaw/store'

/** Candidates of one requirement key looked at beyond the number asked for, so that one that is withheld does not hide the rest. */
const spare = 16

/** Candidates of one requirement key looked at by one claim: a turn is short. */
const maxPerKey = 1_024

/**
 * The due records of some requirement keys, most urgent first: priority, then time, then the order in which they were made. It reads few,
 * and reads on while the caller goes on asking.
 *
 * @param due reads the first records of a key in that order
 */
export function* candidates(
  keys: readonly string[],
  limit: number,
  due: (requirementKey: string, limit: number) => DueRecord[],
): Generator<DueRecord> {
  const seen = new Set<string>()
  for (let window = limit + spare; ; window *= 4) {
    const queues = keys.map((key) => due(key, window))
    // Where a queue goes on beyond what was read, nothing less urgent than its last known record can be next.
    const horizon = queues
      .filter((queue) => queue.length === window)
      .map((queue) => queue.at(-1)!)
      .toSorted(byUrgency)[0]
    for (const record of queues.flat().toSorted(byUrgency)) {
      if (horizon && byUrgency(record, horizon) > 0) break
      if (seen.has(record.key)) continue
      seen.add(record.key)
      yield record
    }
    if (!horizon || window >= maxPerKey) return
  }
}

function byUrgency(a: DueRecord, b: DueRecord): number {
  return b.priority - a.priority || a.runAt - b.runAt || a.sequence - b.sequence || (a.key < b.key ? -1 : 1)
}
