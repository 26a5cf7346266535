import type { JobRecord } from '@skyclaw/protocol'
import {
  countDue,
  countLeases,
  countStatuses,
  prepareListRecords,
  prepareNextRunAt,
  prepareReadFeed,
  prepareReadFeedHeads,
  type StoreDatabase,
} from '@skyclaw/store'
import type { QueueIndex } from './queue-index.ts'

/** The statements by which the ledger finds known records, prepared once. Records are written through the mesh alone. */
export function prepareQueries(db: StoreDatabase) {
  return {
    nextRunAt: prepareNextRunAt(db),
    list: prepareListRecords(db),
    feed: prepareReadFeed(db),
    feedHeads: prepareReadFeedHeads(db),
    /** Fills the counts kept in memory, once at start. */
    loadQueue(queue: QueueIndex): void {
      for (const row of countStatuses(db)) if (row.status !== null) queue.addStatus(row.status, row.count)
      for (const row of countLeases(db)) if (row.hostId !== null) queue.addLeases(row.hostId, row.count)
      for (const { requirementKey, count, value } of countDue(db)) {
        if (requirementKey !== null)
          queue.addDue(requirementKey, count, () => (JSON.parse(value) as JobRecord).requirement)
      }
    },
  }
}

export type Queries = ReturnType<typeof prepareQueries>
