import type { Ballot, LedgerRecord, Proposal, Version } from '@skyclaw/protocol'
import { compareTerms, compareVersions, type Place } from './version.ts'

/** What a chosen round leaves to its proposer: the right to go straight to step 3 on this register. */
export interface Leftover {
  readonly place: Place
  readonly version: Version
  readonly proposal: Proposal
  readonly next: Ballot
}

const maxLeftovers = 10_000

/** The latest leftovers, each to be used once. Losing one costs a round trip, nothing else. */
export class Leftovers {
  readonly #byKey = new Map<string, Leftover>()

  keep(key: string, leftover: Leftover): void {
    this.#byKey.delete(key)
    this.#byKey.set(key, leftover)
    if (this.#byKey.size <= maxLeftovers) return
    for (const oldest of this.#byKey.keys()) return void this.#byKey.delete(oldest)
  }

  /**
   * The leftover of a record, if it is of that register and the value that it goes on from is still the known one: neither replaced nor
   * forgotten. It is gone from here either way.
   */
  take(key: string, place: Place, known: LedgerRecord | undefined): Leftover | undefined {
    const leftover = this.#byKey.get(key)
    this.#byKey.delete(key)
    if (!leftover || !known || compareTerms(leftover.place, place) !== 0) return undefined
    return compareVersions(known.version, leftover.version) === 0 ? leftover : undefined
  }
}
