import type { Accept, Ballot, LedgerRecord, Proposal, Version } from '@skyclaw/protocol'
import type { Register } from './store.ts'
import { compareBallots, compareTerms, compareVersions, isInherited, type Place, termOf } from './version.ts'

/** What a round leaves to its proposer, or to the heir whom that named: the right to go straight to step 3 on this register. */
interface Kept {
  readonly place: Place
  readonly version: Version
  readonly next: Ballot
}

/** The proposal is the known value, or what is accepted here: so no value is kept for it. */
export interface Leftover extends Kept {
  readonly proposal: Proposal
}

/** What is held of a record here. */
export interface Held {
  readonly known: LedgerRecord | undefined
  readonly row: Register | undefined
}

/** Of one generation. */
const maxLeftovers = 5_000

/**
 * The latest leftovers, each to be used once. Losing one costs a round trip, nothing else. In two generations: when the young one is full
 * it is the old one, and the old one is forgotten.
 */
export class Leftovers {
  #young = new Map<string, Kept>()
  #old = new Map<string, Kept>()

  /** Keeps what an own round left, once it is chosen. */
  keep(key: string, left: Kept): void {
    this.#young.set(key, left)
    if (this.#young.size < maxLeftovers) return
    this.#old = this.#young
    this.#young = new Map()
  }

  /** Keeps what another coordinator's round leaves to this one, its heir: as soon as this one accepts, whether it will be chosen or not. */
  inherit({ key, epoch, generation, set, ballot, next }: Accept): void {
    const term = termOf({ epoch, generation })
    this.keep(key, { place: { ...term, set }, version: { ...term, ballot }, next })
  }

  /**
   * The leftover of a record, if it is of that register and the value that it goes on from still stands: as the known one, neither replaced
   * nor forgotten, or, of what was inherited, as what this coordinator accepted last. Not when it has promised a higher ballot since. It is gone
   * from here either way.
   */
  take(key: string, place: Place, { known, row }: Held): Leftover | undefined {
    const left = this.#young.get(key) ?? this.#old.get(key)
    if (!left) return undefined
    this.#young.delete(key)
    this.#old.delete(key)
    if (compareTerms(left.place, place) !== 0) return undefined
    if (row && compareBallots(row.promised, left.next) > 0) return undefined
    const age = known ? compareVersions(known.version, left.version) : -1
    if (known && age === 0) {
      const { value, moved, writtenAt } = known
      return { ...left, proposal: { value, ...(moved && { moved }), writtenAt } }
    }
    const isAccepted = row && compareTerms(row, place) === 0 && compareBallots(row.accepted, left.version.ballot) === 0
    if (age > 0 || !isInherited(left.next) || !isAccepted || !row.proposal) return undefined
    return { ...left, proposal: row.proposal }
  }
}
