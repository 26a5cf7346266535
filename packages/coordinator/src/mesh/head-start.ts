import type { Ballot } from '@skyclaw/protocol'
import type { BallotCounter } from './ballot-counter.ts'
import type { Core } from './core.ts'
import type { Leftovers } from './leftovers.ts'
import type { Step } from './mesh.ts'
import type { Current, Operation } from './operation.ts'
import { isSole, stands } from './sole-keeper.ts'
import { compareTerms, isInherited, type Place } from './version.ts'

/** With what a change goes straight to the second phase. */
export interface HeadStart {
  readonly ballot: Ballot
  /** What it goes on from. */
  readonly from: Current | undefined
  /** That is the last value that was chosen, for sure. */
  readonly isKnown: boolean
}

export interface HeadStartParts {
  readonly core: Core
  readonly ballots: BallotCounter
  readonly leftovers: Leftovers
}

/**
 * What spares a change the first phase: nobody else can have made anything there, this coordinator is the only replica and holds
 * nothing besides the known value, or a round before left the right to it. `creates`: the record is made by it, as far as is known here.
 */
export function headStart(
  step: Step,
  { core, ballots, leftovers }: HeadStartParts,
  { key, request, proposed }: Operation,
  place: Place,
  creates: boolean,
): HeadStart | undefined {
  const { store, hooks } = core
  const known = store.known(key!)
  const row = store.register(key!)
  const sole = isSole(core, place)
  const leftover = sole ? undefined : leftovers.take(key!, place, { known, row })
  const begins = request.begins && (!row || compareTerms(row, place) < 0)
  if (begins || (creates && !proposed)) {
    return { ballot: ballots.first(step, request), from: begins ? known : undefined, isKnown: false }
  }
  if (sole) {
    return known && stands({ known, row }, place)
      ? { ballot: ballots.take(step), from: known, isKnown: true }
      : undefined
  }
  if (!leftover) return undefined
  const inherited = isInherited(leftover.next)
  // It could be left here once more, to a process that does not remember it: so this must be on disk before the others hear of it.
  if (inherited) step.hold()
  hooks.count(inherited ? 'inheritance_used' : 'leftover_used')
  return { ballot: leftover.next, from: leftover.proposal, isKnown: false }
}
