import type { Ballot, LedgerRecord, Proposal } from '@skyclaw/protocol'
import type { Core } from './core.ts'
import type { Knowledge } from './knowledge.ts'
import type { Held } from './leftovers.ts'
import { isLeft } from './locate.ts'
import type { Step } from './mesh.ts'
import { compareBallots, compareTerms, type Place, recordOf, sameSet, termOf } from './version.ts'

export interface Offer {
  readonly key: string
  readonly place: Place
  readonly ballot: Ballot
  readonly proposal: Proposal
}

/** Whether this coordinator keeps a register alone: what it accepts there is chosen. */
export function isSole({ self }: Pick<Core, 'self'>, { set: { replicas } }: Place): boolean {
  return replicas.length === 1 && replicas[0] === self
}

/** Whether the known value is the last that was accepted in such a register: a change goes on from it, and need not ask before. */
export function stands({ known, row }: Held, place: Place): boolean {
  if (!known || known.moved || !row || compareTerms(row, place) !== 0) return false
  return compareTerms(known.version, place) === 0 && compareBallots(row.accepted, known.version.ballot) === 0
}

/**
 * Accepts a proposal in a register that this coordinator keeps alone, and learns it: the round with itself in one go. Undefined when it
 * would not accept it as it stands, or when that needs a closer look: then a round tells, and nothing has changed.
 */
export function takeAlone(
  step: Step,
  { core, knowledge }: { readonly core: Core; readonly knowledge: Knowledge },
  { key, place, ballot, proposal }: Offer,
): LedgerRecord | undefined {
  const { store, rules, options } = core
  if (proposal.moved) return undefined
  const known = store.known(key)
  if (known && (known.moved || isLeft(rules, place, known))) return undefined
  const row = store.register(key)
  if (row) {
    if (compareTerms(row, place) !== 0 || !sameSet(row.set, place.set)) return undefined
    if (compareBallots(ballot, row.promised) < 0 || compareBallots(ballot, row.accepted) <= 0) return undefined
  } else if (known || place.generation > 0 || !core.ready()) return undefined
  if (!known && (proposal.writtenAt < step.wall - options.retentionMs || row?.proposal)) return undefined
  const promised = { key, ...termOf(place), set: place.set, promised: ballot, touchedAt: step.wall }
  store.putRegister({ ...promised, accepted: ballot, proposal }, false)
  const record = recordOf({ key, ...place, ballot, proposal })
  store.putKnown(record)
  if (rules.isFinal(proposal.value)) store.dropRegister(key)
  knowledge.tell(step, record, known)
  return record
}
