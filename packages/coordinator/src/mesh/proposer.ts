import type { PeerMessage, Proposal, RecordValue } from '@skyclaw/protocol'
import type { Acceptor } from './acceptor.ts'
import { type Core, isFormer, writingTime } from './core.ts'
import type { Findings, Inquiries } from './inquiry.ts'
import { Lanes } from './lanes.ts'
import type { Leftovers } from './leftovers.ts'
import { type HeadStart, headStart } from './head-start.ts'
import { ballotLeft } from './heir.ts'
import { isLeft, late, locate, newRecord, takeHint, withoutQuorum } from './locate.ts'
import type { ChangeResult, Step } from './mesh.ts'
import { type Current, givenUp, Operation, type OperationRequest, type Verdict } from './operation.ts'
import { PassingMap } from './passing-map.ts'
import { Round, type RoundStart } from './round.ts'
import { type Setback, type SetbackParts, takeSetback } from './setback.ts'
import { isSole, takeAlone } from './sole-keeper.ts'
import type { Spread } from './spread.ts'
import { compareTerms, compareVersions, ownerOf, type Place, roundName, termOf } from './version.ts'

type Reply = Extract<PeerMessage, { type: 'promised' | 'accepted' | 'refused' | 'moved' }>

export interface ProposerParts extends SetbackParts {
  readonly acceptor: Acceptor
  readonly inquiries: Inquiries
  readonly spread: Spread
  readonly leftovers: Leftovers
}

/** Carries changes through: one at a time for a record, in as many rounds as it takes. */
export class Proposer {
  readonly #parts: ProposerParts
  readonly #core: Core
  readonly #lanes: Lanes
  readonly #rounds = new PassingMap<string, Operation>()

  constructor(parts: ProposerParts) {
    this.#parts = parts
    this.#core = parts.core
    this.#lanes = new Lanes(parts.core.options.maxChanges, (step, operation) => this.#begin(step, operation))
  }

  /** Changes under way, in a round or between two. */
  get rounds(): number {
    return this.#lanes.active.size
  }

  isBusy(key: string): boolean {
    return this.#lanes.has(key)
  }

  start(step: Step, request: OperationRequest): void {
    const timeoutMs = request.timeoutMs ?? this.#core.options.changeTimeoutMs
    this.#lanes.add(step, new Operation(request, step.now + timeoutMs))
  }

  /** An answer of a replica. */
  reply(step: Step, from: string, reply: Reply): void {
    const operation = this.#rounds.get(roundName(reply))
    const round = operation?.round
    const belongs = ownerOf(reply.ballot) === this.#core.self
    if (!operation || !round || !belongs || compareTerms(round.place, reply) !== 0) {
      if (belongs) this.#parts.spread.confirmed(step, from, reply, reply.type === 'accepted')
      return
    }
    if (!round.place.set.replicas.includes(from)) return
    if (reply.type === 'promised') {
      if (round.phase !== 'prepare') return
      round.promise(from, reply)
      // Whether a presumed register is the right one, all must have said.
      if (!round.isPrepared || operation.key === undefined) return
      if (from !== this.#core.self) this.#core.pace.took(step.now - round.sentAt!)
      this.#prepared(step, operation, round)
    } else if (reply.type === 'accepted') {
      if (round.phase !== 'accept') return
      round.accept(from)
      if (round.isChosen) this.#chosen(step, operation, round)
    } else if (reply.phase === round.phase) this.#setback(step, operation, round, from, reply)
  }

  tick(step: Step): void {
    for (const operation of this.#lanes.active) {
      if (operation.over) continue
      if (step.now >= operation.deadline) this.#fail(step, operation, late(operation))
      else if (operation.wakeAt !== undefined && step.now >= operation.wakeAt) this.#begin(step, operation)
      else if (operation.round && step.now >= operation.round.resendAt) {
        if (operation.round.isOpposed) this.#retry(step, operation)
        else this.#send(step, operation.round)
        if (operation.asked === 'no' && !operation.over) this.#ask(step, operation)
      }
    }
  }

  #begin(step: Step, operation: Operation): void {
    const { store, rules } = this.#core
    this.#dropRound(operation)
    operation.wakeAt = undefined
    if (operation.request.abandoned?.()) return this.#fail(step, operation, givenUp())
    if (step.now >= operation.deadline) return this.#fail(step, operation, late(operation))
    if (operation.isAsking) return
    const known = operation.key === undefined ? undefined : store.known(operation.key)
    const written = known && operation.recognise(known.value)
    if (written && !known.moved) return this.#end(step, operation, known.value, written)
    const located = locate(this.#core, operation)
    if (located.kind === 'ask') return this.#ask(step, operation)
    if (located.kind === 'failed') return this.#fail(step, operation, located.error)
    if (located.kind === 'nothing') return this.#settle(step, operation, null)
    const current = store.known(operation.key!)
    if (current && rules.isFinal(current.value)) return this.#settle(step, operation, current.value)
    const { place, creates } = located
    const error = withoutQuorum(this.#core, place, operation)
    if (!error) this.#open(step, operation, place, creates)
    else if (operation.asked === 'no' || operation.asked === 'waiting') this.#ask(step, operation)
    else this.#fail(step, operation, error)
  }

  #open(step: Step, operation: Operation, place: Place, creates: boolean): void {
    const start = headStart(step, this.#parts, operation, place, creates)
    if (start) return this.#goOn(step, operation, place, start)
    const { ballots } = this.#parts
    this.#send(step, this.#enter(operation, operation.key!, { place, ballot: ballots.take(step) }))
  }

  /** Goes straight to the second phase, and past it where this coordinator is the only replica. */
  #goOn(step: Step, operation: Operation, place: Place, { ballot, from, isKnown }: HeadStart): void {
    const key = operation.key!
    const { proposal, verdict } = operation.judge(from, place, isKnown, (value) => writingTime(this.#core, step, value))
    if (!proposal) return this.#end(step, operation, from?.value ?? null, verdict)
    const offer = { key, place, ballot, proposal }
    const record = isSole(this.#core, place) ? takeAlone(step, this.#parts, offer) : undefined
    if (!record) return this.#propose(step, operation, this.#enter(operation, key, offer), proposal, verdict)
    operation.proposed = true
    step.hold()
    this.#parts.spread.tell(step, record, () => false)
    this.#end(step, operation, record.value, verdict)
  }

  #enter(operation: Operation, key: string, { place, ballot }: Pick<RoundStart, 'place' | 'ballot'>): Round {
    const { store } = this.#core
    const known = store.known(key)
    const basis = known?.writtenAt ?? store.register(key)?.proposal?.writtenAt
    const round = new Round({ key, place, ballot, basis, base: place.generation > 0 ? known : undefined })
    operation.round = round
    this.#rounds.set(roundName(round), operation)
    return round
  }

  /** Asks the replicas that have not answered, this one last: its answer may end the round. */
  #send(step: Step, round: Round, withSelf = true): void {
    const { self, options, pace, random } = this.#core
    round.sentAt ??= step.now
    round.resendAt = step.now + options.resendMs * pace.factor * (1 + random())
    const message = round.message()
    for (const to of round.unanswered()) if (to !== self) step.send(to, message)
    if (withSelf) this.#askSelf(step, round)
  }

  #askSelf(step: Step, round: Round): void {
    const { self } = this.#core
    if (!round.unanswered().includes(self)) return
    this.reply(step, self, this.#parts.acceptor.answer(step, round.message()) as Reply)
  }

  #prepared(step: Step, operation: Operation, round: Round): void {
    // After a long pause, those who promised may have forgotten it.
    if (step.now >= operation.deadline) return this.#fail(step, operation, late(operation))
    const highest = round.highest((earlier, value) => isFormer(this.#core, earlier, value))
    if (highest && round.showsChosen(highest.ballot)) {
      const record = round.record(highest)
      if (this.#parts.knowledge.learn(step, record) === 'news') this.#parts.spread.tell(step, record, () => false)
    }
    const known = this.#core.store.known(round.key)
    if (known && isLeft(this.#core.rules, round.place, known)) return this.#begin(step, operation)
    if (!highest) return this.#decide(step, operation, round, known, false)
    round.basis = highest.proposal.writtenAt
    if (highest.proposal.moved) return this.#propose(step, operation, round, highest.proposal, { kind: 'sealed' })
    const written = operation.recognise(highest.proposal.value)
    if (written) {
      this.#core.hooks.count('own_write_found')
      return this.#propose(step, operation, round, highest.proposal, written)
    }
    const same =
      known !== undefined && compareVersions(known.version, { ...termOf(round.place), ballot: highest.ballot }) === 0
    this.#decide(step, operation, round, highest.proposal, same)
  }

  /** `isKnown`: a prepare quorum holds nothing above the known value, so that it need not be written back. */
  #decide(step: Step, operation: Operation, round: Round, from: Current | undefined, isKnown: boolean): void {
    const timeOf = (value: RecordValue) => writingTime(this.#core, step, value)
    const { verdict, proposal } = operation.judge(from, round.place, isKnown, timeOf)
    if (!proposal) return this.#end(step, operation, from?.value ?? null, verdict)
    this.#propose(step, operation, round, proposal, verdict)
  }

  #propose(step: Step, operation: Operation, round: Round, proposal: Proposal, verdict: Verdict): void {
    operation.verdict = verdict
    operation.proposed = true
    if (verdict.kind === 'changed') operation.propose(proposal.value)
    round.propose(proposal, ballotLeft(this.#core, round, proposal) ?? this.#parts.ballots.take(step))
    this.#send(step, round)
  }

  #chosen(step: Step, operation: Operation, round: Round): void {
    const { place, ballot } = round
    const proposal = round.proposal!
    this.#core.pace.took(step.now - round.sentAt!)
    if (place.set.replicas.length === 1) step.hold()
    const record = round.record({ ballot, proposal })
    this.#dropRound(operation)
    this.#parts.knowledge.learn(step, record)
    this.#parts.spread.tell(step, record, (id) => round.hasAccepted(id), round.unanswered())
    if (operation.verdict!.kind === 'sealed') return this.#begin(step, operation)
    const next = round.next!
    const goesOn = ownerOf(next) === this.#core.self && !this.#core.rules.isFinal(proposal.value)
    if (goesOn) this.#parts.leftovers.keep(round.key, { place, version: record.version, next })
    this.#end(step, operation, proposal.value, operation.verdict!)
  }

  #setback(step: Step, operation: Operation, round: Round, from: string, reply: Setback): void {
    const outcome = takeSetback(step, this.#parts, round, from, reply)
    if (outcome === 'left') return this.#begin(step, operation)
    if (outcome === 'gone') operation.loseRecord()
    if (outcome !== 'open') this.#retry(step, operation)
  }

  #retry(step: Step, operation: Operation): void {
    this.#dropRound(operation)
    operation.sleep(step.now, this.#core.random() * this.#core.pace.factor)
  }

  /** Asks all live coordinators what they hold of the record; what they know more sends the operation on its way anew. */
  #ask(step: Step, operation: Operation): void {
    if (operation.asked === 'waiting') return
    operation.asked = 'waiting'
    const { key, request } = operation
    const subject = key === undefined ? { by: 'base' as const, text: request.key } : { by: 'key' as const, text: key }
    this.#parts.inquiries.ask(step, subject, (later, findings) => this.#answered(later, operation, key, findings))
    if (operation.isAsking) this.#presume(step, operation)
  }

  /** Prepares the register in which the record will be made if nobody holds it, beside the question whether anybody does. */
  #presume(step: Step, operation: Operation): void {
    const made = newRecord(this.#core, operation)
    if (!made || made.place.set.replicas.length === 1) return
    const round = this.#enter(operation, made.key, { ...made, ballot: this.#parts.ballots.take(step) })
    this.#send(step, round, false)
  }

  #answered(step: Step, operation: Operation, askedFor: string | undefined, findings: Findings): void {
    const isPresumed = operation.key === undefined
    const certain = this.#parts.knowledge.learnFrom(step, findings)
    // One that lost its record meanwhile asks for others of its base.
    if (operation.over || (askedFor !== undefined && askedFor !== operation.key)) return
    operation.asked = findings.complete && certain ? 'all' : 'some'
    takeHint(this.#core, operation, findings)
    const known = operation.key === undefined ? undefined : this.#core.store.known(operation.key)
    const { round } = operation
    if (!round) {
      if (operation.wakeAt === undefined) this.#begin(step, operation)
    } else if (isPresumed) this.#confirm(step, operation, round, known !== undefined)
    else if (known && isLeft(this.#core.rules, round.place, known)) this.#begin(step, operation)
  }

  /** Goes on in a presumed register when it has turned out to be the right one, and nothing is known of it. */
  #confirm(step: Step, operation: Operation, round: Round, isKnown: boolean): void {
    const located = isKnown || operation.request.abandoned?.() ? undefined : locate(this.#core, operation)
    const isRight = located?.kind === 'place' && compareTerms(located.place, round.place) === 0
    if (!isRight || operation.key !== round.key) this.#begin(step, operation)
    else if (round.isPrepared) this.#prepared(step, operation, round)
    // Its own promise, where that is needed, is written together with its acceptance.
    else this.#askSelf(step, round)
  }

  /** Decides on what needs no round: a final value, or that there is none. */
  #settle(step: Step, operation: Operation, value: RecordValue | null): void {
    const decision = operation.decide(value, { replicas: [], m: 1 })
    if (decision.kind === 'refuse') return this.#fail(step, operation, decision.error)
    if (decision.kind !== 'write') return this.#end(step, operation, value, { kind: 'kept' })
    const what = value ? 'a final value' : 'a record that neither is fresh nor has a derived key'
    this.#fail(step, operation, new Error(`${operation.key}: ${what} cannot be written`))
  }

  #end(step: Step, operation: Operation, value: RecordValue | null, verdict: Verdict): void {
    if (verdict.kind === 'refused') return this.#fail(step, operation, verdict.error)
    this.#finish(step, operation, { ok: true, key: operation.key!, value, changed: verdict.kind === 'changed' })
  }

  #fail(step: Step, operation: Operation, error: Error): void {
    this.#finish(step, operation, { ok: false, error })
  }

  #finish(step: Step, operation: Operation, result: ChangeResult): void {
    this.#dropRound(operation)
    this.#lanes.end(step, operation, result)
  }

  #dropRound(operation: Operation): void {
    if (operation.round) this.#rounds.delete(roundName(operation.round))
    operation.round = undefined
  }
}
