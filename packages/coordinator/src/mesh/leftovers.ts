import type { Ballot, LedgerRecord, Proposal, Version } from '@skyclaw/protocol'
import { compareTerms, compareVersions, type Place } from './version.ts'

/** What a chosen round leaves to its proposer: the right to go straight to step 3 on this register. */
export interface Leftover {
  readonly place: Place
  readonly version: Version
  readonly proposal: Proposal
  readonly next: Ballot
}

/** The proposal is the known value, or the leftover is of no use: so no value is kept for it. */
type Kept = Omit<Leftover, 'proposal'>

/** Of one generation. */
const maxLeftovers = 5_000

/**
 * The latest leftovers, each to be used once. Losing one costs a round trip, nothing else. In two generations: when the young one is full
 * it is the old one, and the old one is forgotten.
 */
export class Leftovers {
  #young = new Map<string, Kept>()
  #old = new Map<string, Kept>()

  keep(key: string, { place, version, next }: Leftover): void {
    this.#young.set(key, { place, version, next })
    if (this.#young.size < maxLeftovers) return
    this.#old = this.#young
    this.#young = new Map()
  }

  /**
   * The leftover of a record, if it is of that register and the value that it goes on from is still the known one: neither replaced nor
   * forgotten. It is gone from here either way.
   */
  take(key: string, place: Place, known: LedgerRecord | undefined): Leftover | undefined {
    const leftover = this.#young.get(key) ?? this.#old.get(key)
    if (!leftover) return undefined
    this.#young.delete(key)
    this.#old.delete(key)
    if (!known || compareTerms(leftover.place, place) !== 0) return undefined
    if (compareVersions(known.version, leftover.version) !== 0) return undefined
    const { value, moved, writtenAt } = known
    return { ...leftover, proposal: { value, ...(moved && { moved }), writtenAt } }
  }
}
