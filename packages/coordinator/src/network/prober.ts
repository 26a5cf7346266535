import type { Beliefs } from './beliefs.ts'
import { type Entry, isLive } from './entry.ts'
import { type Exchanges, isMember } from './exchange.ts'
import type { MemberCore } from './member-core.ts'
import type { CallFailure, CallResult, GossipAnswer } from './membership.ts'
import { Rotation, shuffled } from './rotation.ts'

/** Members that are asked each round because it is their turn; one more is asked that is not as it should be. */
const healthyEachRound = 2
/** Members that ask each silent one in a round, on average. */
const askersOfSilent = 3
/** Members that were never exchanged news with are met so many at once, at most. */
const maxMeetings = 8
/** Others that are asked whether a silent member answers them. */
const witnesses = 2
/** Between two exchanges with one member that were asked for out of turn, at least. */
const soonGapMs = 100
/** Probes made for others at once, at most. */
const maxForOthers = 32

/** An exchange under way. */
interface Sent {
  readonly now: number
  readonly why: 'own' | 'for others'
  /** Whether it tells everything. */
  readonly all: boolean
}

/** Exchanges news with members, round after round, and finds out who is silent. */
export class Prober {
  readonly #core: MemberCore
  readonly #beliefs: Beliefs
  readonly #exchanges: Exchanges
  readonly #healthy: Rotation
  readonly #ailing: Rotation
  readonly #silent: Rotation
  #isTurnOfSilent = false
  /** Members that are being asked, each with who else waits for the answer. */
  readonly #busy = new Map<string, ((answered: boolean) => void)[]>()
  readonly #askedAt = new Map<string, number>()
  #nextRoundAt: number
  #nextAllAt = Number.NEGATIVE_INFINITY
  /** When everything was exchanged last, and how many members were known then. */
  #last = { at: Number.NEGATIVE_INFINITY, members: 0 }
  /** Members that were dead and answer again: what happened on their side of the gap is not known on this one. */
  readonly #returned = new Set<string>()
  #forOthers = 0

  constructor(core: MemberCore, beliefs: Beliefs, exchanges: Exchanges) {
    this.#core = core
    this.#beliefs = beliefs
    this.#exchanges = exchanges
    this.#healthy = new Rotation(core.options.random)
    this.#ailing = new Rotation(core.options.random)
    this.#silent = new Rotation(core.options.random)
    this.#nextRoundAt = core.options.now
  }

  tick(now: number): void {
    for (const instance of this.#exchanges.soon) {
      if (now - (this.#askedAt.get(instance) ?? Number.NEGATIVE_INFINITY) < soonGapMs) continue
      this.#exchanges.soon.delete(instance)
      this.#ask(instance, now)
    }
    if (now < this.#nextRoundAt) return
    const { intervalMs, options, entries } = this.#core
    for (const instance of this.#askedAt.keys()) if (!entries.has(instance)) this.#askedAt.delete(instance)
    this.#nextRoundAt = now + intervalMs * (0.9 + 0.2 * options.random())
    const fits = (wanted: (entry: Entry) => boolean) => (instance: string) => {
      const entry = entries.get(instance)
      return entry !== undefined && isMember(entry) && !this.#busy.has(instance) && wanted(entry)
    }
    const all = () => entries.keys()
    const healthy = this.#healthy.take(healthyEachRound, all, fits(isHealthy))
    for (const instance of [...healthy, ...this.#takeTroubled(fits)]) this.#ask(instance, now)
    this.#meet(now)
  }

  /**
   * One that lives and cannot be worked with, or one that is silent for everybody: turn by turn, so that many of one kind do not keep the other waiting.
   * Whoever is silent is asked by a few members each round, however many there are: when it goes on, all of them must not be waiting.
   */
  #takeTroubled(fits: (wanted: (entry: Entry) => boolean) => (instance: string) => boolean): string[] {
    const { entries, options, size } = this.#core
    const all = () => entries.keys()
    const ailing = () =>
      this.#ailing.take(
        1,
        all,
        fits((entry) => !isHealthy(entry) && !isSilent(entry)),
      )
    const silent = () => {
      const count = [...entries.values()].filter((entry) => isMember(entry) && isSilent(entry)).length
      if (options.random() * size >= askersOfSilent * count) return []
      return this.#silent.take(1, all, fits(isSilent))
    }
    this.#isTurnOfSilent = !this.#isTurnOfSilent
    const [first, second] = this.#isTurnOfSilent ? [silent, ailing] : [ailing, silent]
    const taken = first()
    return taken.length > 0 ? taken : second()
  }

  /** Asks a member for somebody else whether it is there. */
  probe(instance: string, now: number, done: (reached: boolean) => void): void {
    const entry = this.#core.entries.get(instance)
    if (!entry || !isMember(entry) || this.#forOthers >= maxForOthers) return done(false)
    this.#forOthers += 1
    this.#ask(instance, now, 'for others')
    this.#busy.get(instance)!.push((reached) => {
      this.#forOthers -= 1
      done(reached)
    })
  }

  /** A call made for other reasons got no answer. */
  noteFailure(entry: Entry, failure: CallFailure, now: number): void {
    if (failure.kind === 'unreachable' && (failure.portClosed || entry.failure)) {
      if (!entry.failure) entry.failedAt = now
      entry.failure = failure
    }
    this.#exchanges.soon.add(entry.instance)
    if (entry.usable && this.#core.isOutOfReach(entry, now)) this.#core.refresh(entry, now)
  }

  /** Those who live and were not talked to yet, some each round: whoever is new wants to work with all soon. */
  #meet(now: number): void {
    let meetings = 0
    for (const entry of this.#core.entries.values()) {
      const wanted = entry.verified && !entry.isMet && (isLive(entry) || (entry.isUnconfirmed && !entry.failure))
      if (!wanted || this.#busy.has(entry.instance)) continue
      this.#ask(entry.instance, now)
      meetings += 1
      if (meetings >= maxMeetings) return
    }
  }

  #ask(instance: string, now: number, why: Sent['why'] = 'own'): void {
    const entry = this.#core.entries.get(instance)
    if (!entry || !isMember(entry) || this.#busy.has(instance)) return
    this.#busy.set(instance, [])
    this.#askedAt.set(instance, now)
    if (isLive(entry)) this.#exchange(entry, now, why)
    else this.#knock(entry, now, why)
  }

  /** Somebody else may have the address of one that is not there by now: until it has answered a challenge, it gets nothing else. */
  #knock(entry: Entry, now: number, why: Sent['why']): void {
    const { options, awareness, probeTimeoutMs } = this.#core
    options.calls.challenge(entry.url, awareness.scale(probeTimeoutMs), (result, later) => {
      if (result.ok && result.answer.instance === entry.instance) return this.#exchange(entry, later, why)
      const failure = result.ok ? this.#exchanges.noteOther(entry, result.answer, later) : result.failure
      this.#take(entry, { ok: false, failure }, { now, why, all: false }, later)
    })
  }

  #exchange(entry: Entry, now: number, why: Sent['why']): void {
    const { options, awareness, probeTimeoutMs, intervalMs } = this.#core
    const all = now >= this.#nextAllAt && this.#isAllWanted(entry)
    if (all) this.#nextAllAt = now + intervalMs
    const request = this.#exchanges.request(entry, all, now)
    options.calls.gossip(entry.url, request, awareness.scale(probeTimeoutMs), (result, later) =>
      this.#take(entry, result, { now, why, all }, later),
    )
  }

  #take(entry: Entry, result: CallResult<GossipAnswer>, sent: Sent, now: number): void {
    const core = this.#core
    const sentAt = sent.now
    core.awake(now)
    const wasDead = !isLive(entry) && !entry.isUnconfirmed
    const failure = result.ok ? this.#exchanges.take(entry, result.answer, sentAt, now) : result.failure
    const waiting = this.#busy.get(entry.instance) ?? []
    this.#busy.delete(entry.instance)
    for (const done of waiting) done(failure === undefined)
    if (!failure) {
      core.awareness.better()
      return this.#noteMet(entry, sent, wasDead)
    }
    // Who stood still himself knows nothing.
    if (sentAt < core.awakeSince) return
    const isFirst = !entry.failure
    if (isFirst) {
      entry.failedAt = now
      // One lost message is asked for again at once, and means nothing by itself.
      if (isLive(entry) && !failure.portClosed) this.#exchanges.soon.add(entry.instance)
    }
    entry.failure = failure
    if (!isMember(entry)) return
    if (isLive(entry)) core.refresh(entry, now)
    // A refusal is an answer: it is there, though it wants nothing of this one.
    if (failure.kind === 'refused') return
    // A witness asks no further witnesses: that would go on for ever, and everywhere at once.
    const isWanted = entry.suspicion?.wants(core.instance) ?? true
    if (isLive(entry) && isWanted && sent.why === 'own') this.#askOthers(entry, isFirst && !failure.portClosed, now)
  }

  /**
   * Everything is told only where much may be new: to one member by whoever starts, stood still, or has come to know many more, and to one that was
   * dead here. That is the first contact of two parts of a network; those who hear by others that it is there again have missed nothing.
   */
  #isAllWanted(entry: Entry): boolean {
    if (entry.failure) return false
    const { awakeSince, entries } = this.#core
    const { at, members } = this.#last
    return at < awakeSince || entries.size >= 2 * members + 1 || this.#returned.has(entry.instance)
  }

  #noteMet(entry: Entry, sent: Sent, wasDead: boolean): void {
    if (sent.all) {
      this.#last = { at: sent.now, members: this.#core.entries.size }
      this.#returned.delete(entry.instance)
    } else if (wasDead && isLive(entry)) {
      this.#returned.add(entry.instance)
      this.#exchanges.soon.add(entry.instance)
    }
  }

  /** It is suspect only when it answers nobody else either: else it is the way there that is cut. */
  #askOthers(entry: Entry, isForgiven: boolean, now: number): void {
    const { entries, options, probeTimeoutMs, awareness, instance, awakeSince } = this.#core
    const { incarnation } = entry
    const others = [...entries.values()].filter((it) => it !== entry && it.usable)
    const asked = shuffled(others, options.random).slice(0, witnesses)
    // Where nobody else can be asked, it is asked once more.
    if (asked.length === 0 && isForgiven) return
    let waiting = asked.length
    let reached = false
    const conclude = (later: number) => {
      const isStale = entry.incarnation !== incarnation || awakeSince !== this.#core.awakeSince
      if (waiting === 0 && !reached && !isStale && entry.failure) this.#beliefs.suspect(entry, instance, later)
    }
    for (const witness of asked) {
      // Longer than the witness itself waits.
      const timeoutMs = 2 * awareness.scale(probeTimeoutMs)
      options.calls.probe(witness.url, entry.instance, timeoutMs, (result, later) => {
        waiting -= 1
        if (result.ok && result.answer) reached = true
        // A witness that answers shows that it is not this coordinator that nobody hears.
        if (!result.ok) awareness.worse()
        conclude(later)
      })
    }
    conclude(now)
  }
}

/** Nobody can say that it is there. */
function isSilent(entry: Entry): boolean {
  return !isLive(entry) || entry.state === 'suspect'
}

function isHealthy(entry: Entry): boolean {
  return entry.usable && entry.state === 'alive' && !entry.failure
}
