import type { Accept, LedgerRecord, PeerMessage, Prepare, Refused } from '@skyclaw/protocol'
import type { Core } from './core.ts'
import type { Knowledge } from './knowledge.ts'
import { isLeft } from './locate.ts'
import type { Step } from './mesh.ts'
import type { Register } from './store.ts'
import { compareBallots, compareTerms, placeOf, sameSet, termOf } from './version.ts'

type Request = Prepare | Accept

/** One replica: what it answers is on disk, in the same turn, before the answer leaves. */
export class Acceptor {
  readonly #core: Core
  readonly #knowledge: Knowledge
  /** Called within the turn when a value was accepted. */
  readonly #onAccepted: (step: Step, accepted: Accept) => void

  constructor(core: Core, knowledge: Knowledge, onAccepted: (step: Step, accepted: Accept) => void) {
    this.#core = core
    this.#knowledge = knowledge
    this.#onAccepted = onAccepted
  }

  /** Promises or accepts, and says so; or says why not. */
  answer(step: Step, request: Request): PeerMessage {
    const row = this.#rowFor(step, request)
    if ('type' in row) return row
    return request.type === 'prepare' ? this.#prepare(step, row, request) : this.#accept(step, row, request)
  }

  #prepare(step: Step, row: Register, request: Prepare): PeerMessage {
    const { ballot } = request
    const promised = compareBallots(ballot, row.promised)
    if (promised < 0 || compareBallots(ballot, row.accepted) <= 0) return this.#outbid(row, request)
    if (promised > 0) {
      const unlearned = this.#isUnlearned(row)
      this.#core.store.putRegister({ ...row, promised: ballot, touchedAt: step.wall }, unlearned)
    }
    const { accepted, proposal } = row
    return {
      type: 'promised',
      ...roundOf(request),
      ...(accepted && proposal && { accepted: { ballot: accepted, proposal } }),
    }
  }

  #accept(step: Step, row: Register, request: Accept): PeerMessage {
    const { ballot, next, proposal } = request
    if (compareBallots(ballot, row.accepted) === 0) {
      this.#core.hooks.count('repeat_confirmed')
      return { type: 'accepted', ...roundOf(request) }
    }
    if (compareBallots(ballot, row.promised) < 0 || compareBallots(ballot, row.accepted) < 0) {
      return this.#outbid(row, request)
    }
    // It may be known already that this was chosen: a learn message can overtake it.
    const accepting = { ...row, promised: next, accepted: ballot, proposal, touchedAt: step.wall }
    this.#core.store.putRegister(accepting, this.#isUnlearned(accepting))
    this.#onAccepted(step, request)
    return { type: 'accepted', ...roundOf(request) }
  }

  /** The register that a request is for, made when there is none; or the answer, when the request has none here. */
  #rowFor(step: Step, request: Request): Register | PeerMessage {
    const { store, self } = this.#core
    const known = store.known(request.key)
    if (known && isLeft(this.#core.rules, request, known)) return this.#moved(request, known)
    const row = store.register(request.key)
    const order = row ? compareTerms(row, request) : -1
    if (order > 0)
      return known && compareTerms(placeOf(known), request) > 0
        ? this.#moved(request, known)
        : refuse(request, 'foreign')
    if (!request.set.replicas.includes(self)) return refuse(request, 'foreign')
    if (request.type === 'accept' && compareBallots(request.next, request.ballot) <= 0)
      return refuse(request, 'foreign')
    if (row && order === 0 && !sameSet(row.set, request.set)) return refuse(request, 'foreign')
    if (!known && !row && !this.#core.ready()) return refuse(request, 'not_ready')
    // A promise alone holds nothing: it does not make what was forgotten come back.
    if (this.#isForgotten(step, request)) {
      this.#core.hooks.count('gone_told')
      return refuse(request, 'gone')
    }
    return row && order === 0 ? row : this.#install(step, request)
  }

  #isForgotten(step: Step, request: Request): boolean {
    // A creation builds on nothing: then its own age counts.
    const basis = request.basis ?? (request.type === 'accept' ? request.proposal.writtenAt : undefined)
    return basis !== undefined && this.#knowledge.isForgotten(step, request.key, basis)
  }

  #install(step: Step, request: Request): Register | PeerMessage {
    const { store, rules } = this.#core
    if (request.generation > 0) {
      const { base } = request
      if (!base || base.key !== request.key || rules.isFinal(base.value)) return refuse(request, 'foreign')
      const place = placeOf(base)
      if (compareTerms(place, request) !== 0 || !sameSet(place.set, request.set)) return refuse(request, 'foreign')
      this.#knowledge.learn(step, base)
    }
    const { key, set } = request
    const empty = { key, ...termOf(request), set, promised: null, accepted: null, proposal: null, touchedAt: step.wall }
    const standing = store.known(key)
    // What is known to be chosen in this very register counts as accepted here.
    if (!standing || standing.moved || compareTerms(standing.version, request) !== 0) return empty
    const { value, writtenAt, version } = standing
    return { ...empty, accepted: version.ballot, proposal: { value, writtenAt } }
  }

  #isUnlearned(row: Register): boolean {
    if (!row.accepted) return false
    const known = this.#core.store.known(row.key)
    if (!known) return true
    return (compareTerms(row, known.version) || compareBallots(row.accepted, known.version.ballot)) > 0
  }

  #outbid(row: Register, request: Request): Refused {
    const higher = compareBallots(row.promised, row.accepted) > 0 ? row.promised : row.accepted
    return { ...refuse(request, 'ballot'), ...(higher && { promised: higher }) }
  }

  #moved(request: Request, record: LedgerRecord): PeerMessage {
    return { type: 'moved', ...roundOf(request), phase: request.type, record }
  }
}

function roundOf({ key, epoch, generation, ballot }: Request) {
  return { key, ...termOf({ epoch, generation }), ballot }
}

function refuse(request: Request, reason: Refused['reason']): Refused {
  return { type: 'refused', ...roundOf(request), phase: request.type, reason }
}
