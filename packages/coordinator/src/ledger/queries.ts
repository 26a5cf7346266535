import type { JobRecord } from '@skyclaw/protocol'
import {
  countDue,
  countLeases,
  countStatuses,
  prepareDueRecords,
  prepareGetRecord,
  prepareListRecords,
  prepareNextRunAt,
  preparePromoteDue,
  preparePruneRecords,
  preparePutRecord,
  prepareReadFeed,
  prepareSaveFeedSeq,
  readCounters,
  type StoreDatabase,
} from '@skyclaw/store'
import type { QueueIndex } from './queue-index.ts'

/** The statements of the ledger, prepared once. */
export function prepareQueries(db: StoreDatabase) {
  return {
    get: prepareGetRecord(db),
    put: preparePutRecord(db),
    due: prepareDueRecords(db),
    promoteDue: preparePromoteDue(db),
    nextRunAt: prepareNextRunAt(db),
    list: prepareListRecords(db),
    feed: prepareReadFeed(db),
    prune: preparePruneRecords(db),
    saveFeedSeq: prepareSaveFeedSeq(db),
    counters: () => readCounters(db),
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
