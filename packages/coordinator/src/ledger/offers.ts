import type { LedgerRecord, Requirement } from '@skyclaw/protocol'
import { jobOf } from './record-index.ts'

/** Kept at most, the latest; others are found when they are known to be chosen. */
const maxOffers = 1_000

/**
 * Queued jobs that this coordinator may lease before it knows that they were chosen: it has accepted them, and whoever made them has left the
 * next round to it. Each until it is tried, or learned.
 */
export class Offers {
  readonly #records = new Map<string, LedgerRecord>()

  add(record: LedgerRecord): void {
    this.#records.set(record.key, record)
    if (this.#records.size > maxOffers) this.#records.delete(this.#records.keys().next().value!)
  }

  delete(key: string): void {
    this.#records.delete(key)
  }

  *matching(accepts: (requirement: Requirement) => boolean): Generator<LedgerRecord> {
    for (const record of this.#records.values()) if (accepts(jobOf(record.value).requirement)) yield record
  }
}
