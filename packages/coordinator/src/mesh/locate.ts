import { ProblemError, type LedgerRecord } from '@skyclaw/protocol'
import { type Core, eligible } from './core.ts'
import type { Findings } from './inquiry.ts'
import type { Operation } from './operation.ts'
import { lineageOf, newReplicaSet, quorum } from './replica-set.ts'
import { standingTwin, type Twin } from './twin-order.ts'
import type { ValueRules } from './value-rules.ts'
import { compareTerms, type Place, placeOf, type Term, termOf } from './version.ts'

export type Located =
  /** `creates`: nobody else can have made anything there, and this coordinator has not. */
  | { readonly kind: 'place'; readonly place: Place; readonly creates: boolean }
  /** Nothing is held here: the others must be asked. */
  | { readonly kind: 'ask' }
  /** There is no such record, as far as all could be asked. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly error: ProblemError }

/** Twins that a search by base looks at. */
const maxTwins = 8

/** Finds the register in which an operation must make its next round. Sets the operation's key when its record comes to be known. */
export function locate(core: Core, operation: Operation): Located {
  const { store } = core
  operation.key ??= standingKey(core, operation.request.key)
  if (operation.key !== undefined) {
    const place = placeHeld(store.known(operation.key), store.register(operation.key), operation.place)
    if (place) return { kind: 'place', place, creates: false }
  }
  if (operation.request.fresh) return create(core, operation)
  // With nobody to ask, what is held here is all there is.
  if (operation.asked === 'no' && core.members.isAlone && core.ready()) operation.asked = 'all'
  if (operation.asked === 'no' || operation.asked === 'waiting') return { kind: 'ask' }
  if (operation.request.keyFor) return create(core, operation)
  if (operation.asked === 'all') return { kind: 'nothing' }
  return { kind: 'failed', error: unreachable('too few coordinators answered to know whether it exists', operation) }
}

function create(core: Core, operation: Operation): Located {
  const { options, self } = core
  const { fresh } = operation.request
  const made = newRecord(core, operation)
  if (!made) {
    const m = options.minReplications()
    const fit = eligible(core)
    const why = `a change needs ${m} live coordinators that have caught up, and there ${fit.length === 1 ? 'is' : 'are'} ${fit.length}`
    const { outcome, end } = ending(operation)
    return { kind: 'failed', error: new ProblemError('insufficient_replicas', `${why}; ${end}`, { outcome }) }
  }
  if (operation.asked === 'some') core.hooks.count('twins_possible')
  operation.key = made.key
  operation.place = made.place
  const { replicas } = made.place.set
  const alone = replicas.length === 1 && replicas[0] === self && !core.store.register(operation.key)
  return { kind: 'place', place: operation.place, creates: fresh === true || alone }
}

/** The key and the place of a record that is made now; undefined when too few coordinators could keep it. */
export function newRecord(
  core: Core,
  { request }: Operation,
): { readonly key: string; readonly place: Place } | undefined {
  const { fresh, keyFor, key } = request
  const set = newReplicaSet(key, eligible(core), core.options.minReplications(), fresh ? core.self : undefined)
  // A key that was found before, of a record that has been forgotten since, stands for another set.
  return set && { key: keyFor ? keyFor(lineageOf(set)) : key, place: { generation: 0, set } }
}

/** The highest register that is known of. One of a later generation needs a known value to start from. */
function placeHeld(known: LedgerRecord | undefined, ...others: (Place | undefined)[]): Place | undefined {
  const standing = known && placeOf(known)
  let highest = standing
  for (const place of others) {
    if (!place || (highest && compareTerms(place, highest) <= 0)) continue
    const reachable = place.generation === 0 || (standing && compareTerms(standing, place) === 0)
    if (reachable) highest = { ...termOf(place), set: place.set }
  }
  return highest
}

/**
 * Of the records with one base, the key of that which stands. One that was only accepted may never be chosen, so it counts when none is
 * known.
 */
function standingKey(core: Core, base: string): string | undefined {
  const twins = twinsOf(core, base)
  if (twins.length === 0) return undefined
  const known = twins.filter(({ key }) => core.store.known(key))
  return standingTwin(core.rules, known.length > 0 ? known : twins)?.key
}

export function twinsOf({ store }: Core, base: string): Twin[] {
  return store.keysWithBase(base, maxTwins).flatMap((key) => {
    const value = store.known(key)?.value ?? store.register(key)?.proposal?.value
    return value ? [{ key, value }] : []
  })
}

/** Takes from what others hold the place in which the operation goes on, if they know one. Known values were learned before. */
export function takeHint(core: Core, operation: Operation, { holdings }: Findings): void {
  operation.key ??= standingKey(core, operation.request.key)
  const accepted = holdings.flatMap(({ holding }) =>
    holding.accepted ? [{ key: holding.key, ...holding.accepted }] : [],
  )
  if (operation.key === undefined) {
    const twins = accepted.map(({ key, proposal }) => ({ key, value: proposal.value }))
    operation.key = standingTwin(core.rules, twins)?.key
  }
  for (const { key, version, set } of accepted) {
    if (key !== operation.key) continue
    if (!operation.place || compareTerms(version, operation.place) > 0) operation.place = { ...termOf(version), set }
  }
}

function unreachable(why: string, operation: Operation): ProblemError {
  const { key, request } = operation
  const { outcome, end } = ending(operation)
  return new ProblemError('quorum_unreachable', `${key ?? request.key}: ${why}; ${end}`, { outcome })
}

/** Why no round on a register can end well for now; undefined when one can. */
export function withoutQuorum({ members }: Core, { set }: Place, operation: Operation): ProblemError | undefined {
  const reachable = set.replicas.filter((id) => members.isAlive(id)).length
  if (reachable >= quorum(set)) return undefined
  const why = `${reachable} of its ${set.replicas.length} replicas are live, and it needs ${quorum(set)}`
  return unreachable(why, operation)
}

export function late(operation: Operation): ProblemError {
  return unreachable('no quorum answered in time', operation)
}

/** What is known of a change that failed. One that was proposed to anybody may come true yet. */
function ending({ proposed }: Operation) {
  return proposed
    ? { outcome: 'unknown' as const, end: 'the change may have happened or not' }
    : { outcome: 'not_applied' as const, end: 'nothing was written' }
}

/** Whether a record that is known so takes no more rounds in a register. */
export function isLeft(rules: ValueRules, register: Term, known: LedgerRecord): boolean {
  return rules.isFinal(known.value) || compareTerms(placeOf(known), register) > 0
}
