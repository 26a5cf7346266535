import { type MemberUpdate, ProblemError } from '@skyclaw/protocol'
import { isLive } from './entry.ts'
import type { MemberCore } from './member-core.ts'
import type { Candidate, CallFailure, CallResult, Challenged } from './membership.ts'

/** Candidates that are kept, asked at once, and wait with a caller for the outcome, at most. */
const maxCandidates = 256
const maxAsked = 4
const maxJoins = 32
const challengeTimeoutMs = 2_000
/** The wait after the first failure; it doubles with each further one. */
const firstRetryMs = 2_000
const maxRetryMs = 60_000
/** Who is not named for so long is not asked any more. */
const keepMs = 600_000

interface Kept {
  update: MemberUpdate
  namedBy: string
  namedAt: number
  notBefore: number
  failures: number
  failure: CallFailure | undefined
  isAsked: boolean
  /** Whether it was named since it was asked last. */
  isNamed: boolean
  isTold: boolean
  waiting: ((error: Error | undefined) => void)[]
}

/** Called when a candidate has answered at its URL with its instance. */
export type Admit = (update: MemberUpdate, challenged: Challenged, now: number) => void

/**
 * Those who were named and are no members yet. Each is asked nothing but a challenge, at the URL that it is said to have, until it has
 * answered there with its instance and the token: so nobody can have this coordinator call an address of his choice, or take another's place.
 */
export class Verifier {
  readonly #core: MemberCore
  readonly #admit: Admit
  /** Whether somebody may become a member at all; answers why not. */
  readonly #objection: (update: MemberUpdate) => string | undefined
  readonly #kept = new Map<string, Kept>()
  #asked = 0

  constructor(core: MemberCore, objection: (update: MemberUpdate) => string | undefined, admit: Admit) {
    this.#core = core
    this.#objection = objection
    this.#admit = admit
  }

  /** Somebody named it. */
  name(update: MemberUpdate, namedBy: string, now: number): void {
    if (update.instance === this.#core.instance || update.url === '') return
    if (this.#objection(update) !== undefined) return
    const kept = this.#keep(update, namedBy, now)
    if (kept) this.#askNext(now)
  }

  /** It names itself and waits for the outcome: undefined, or a ProblemError. */
  verify(update: MemberUpdate, now: number, done: (error: Error | undefined) => void): void {
    const objection = this.#objection(update)
    if (objection !== undefined) return done(new ProblemError('not_a_member', objection))
    const before = this.#kept.get(update.instance)
    if (before?.failure && before.update.url === update.url && now < before.notBefore) {
      return done(unverified(update, before.failure))
    }
    const joins = [...this.#kept.values()].reduce((sum, { waiting }) => sum + waiting.length, 0)
    const kept = joins < maxJoins ? this.#keep(update, update.instance, now) : undefined
    if (!kept) return done(new ProblemError('too_busy', 'too many coordinators join at once: try again in a moment'))
    kept.waiting.push(done)
    this.#askNext(now)
  }

  tick(now: number): void {
    if (this.#kept.size === 0) return
    for (const [instance, kept] of this.#kept) {
      if (kept.isAsked || now - kept.namedAt <= keepMs) continue
      this.#kept.delete(instance)
      this.#core.revision += 1
    }
    this.#askNext(now)
  }

  candidates(): Candidate[] {
    return [...this.#kept.values()].map(toCandidate)
  }

  #keep(update: MemberUpdate, namedBy: string, now: number): Kept | undefined {
    const before = this.#kept.get(update.instance)
    if (before) {
      before.namedAt = now
      before.isNamed = true
      if (before.namedBy === update.instance && namedBy !== update.instance) {
        // Others have it as a member.
        before.namedBy = namedBy
        this.#core.revision += 1
      }
      const isSame = before.update.url === update.url
      // The URL that it was named with first is tried first: a lie must not keep the truth away, nor the truth a new address.
      if (isSame || before.isAsked || (before.failures === 0 && namedBy !== update.instance)) {
        if (isSame) this.#noteAgain(before, update, namedBy, now)
        return before
      }
      Object.assign(before, { update, namedBy, failures: 0, failure: undefined, notBefore: now, isTold: false })
      return before
    }
    if (this.#kept.size >= maxCandidates && !this.#evict()) return undefined
    const kept: Kept = {
      ...{ update, namedBy, namedAt: now, notBefore: now, failures: 0, failure: undefined },
      ...{ isAsked: false, isNamed: true, isTold: false, waiting: [] },
    }
    this.#kept.set(update.instance, kept)
    this.#core.revision += 1
    return kept
  }

  /** What it says itself, or has said since, is a sign that it is there by now. */
  #noteAgain(kept: Kept, update: MemberUpdate, namedBy: string, now: number): void {
    const isNews = update.incarnation > kept.update.incarnation
    if (isNews) kept.update = update
    if (isNews || namedBy === update.instance) kept.notBefore = Math.min(kept.notBefore, now + firstRetryMs)
  }

  /** Makes room by giving up the one that failed most. */
  #evict(): boolean {
    const failed = [...this.#kept].filter(([, { isAsked, failures, waiting }]) => {
      return !isAsked && failures > 0 && waiting.length === 0
    })
    if (failed.length === 0) return false
    const [instance] = failed.reduce((worst, it) => (it[1].failures > worst[1].failures ? it : worst))
    return this.#kept.delete(instance)
  }

  #askNext(now: number): void {
    if (this.#asked >= maxAsked) return
    const due = [...this.#kept.values()].filter((kept) => kept.isNamed && !kept.isAsked && now >= kept.notBefore)
    // Those who never failed go first: many who do not answer must not keep them waiting.
    const first = due.toSorted((one, other) => one.failures - other.failures)
    for (const kept of first.slice(0, maxAsked - this.#asked)) this.#challenge(kept)
  }

  #challenge(kept: Kept): void {
    kept.isAsked = true
    kept.isNamed = false
    this.#asked += 1
    const { update } = kept
    const { calls } = this.#core.options
    const conclude = (failure: CallFailure | undefined, challenged: Challenged | undefined, now: number) => {
      this.#asked -= 1
      kept.isAsked = false
      if (failure) this.#fail(kept, failure, now)
      else this.#succeed(kept, challenged!, now)
      this.#askNext(now)
    }
    calls.challenge(update.url, challengeTimeoutMs, (result, now) => {
      const failure = this.#judge(update, result)
      if (failure || !result.ok) return conclude(failure, undefined, now)
      this.#checkTwice(update, result.answer, now, (twice, later) => conclude(twice, result.answer, later))
    })
  }

  #judge({ instance }: MemberUpdate, result: CallResult<Challenged>): CallFailure | undefined {
    if (!result.ok) return result.failure
    if (result.answer.instance === instance) return undefined
    return { kind: 'malformed', message: `answers as instance ${result.answer.instance}, not as ${instance}` }
  }

  /** A live member of that instance elsewhere, in another process: one of the two is a copy, and the one that was there first stays. */
  #checkTwice(
    { instance, url }: MemberUpdate,
    { boot }: Challenged,
    now: number,
    done: (failure: CallFailure | undefined, now: number) => void,
  ): void {
    const entry = this.#core.entries.get(instance)
    if (!entry?.verified || !isLive(entry) || entry.url === url || entry.url === '') return done(undefined, now)
    this.#core.options.calls.challenge(entry.url, challengeTimeoutMs, (result, later) => {
      const isThere = result.ok && result.answer.instance === instance && result.answer.boot !== boot
      if (!isThere) return done(undefined, later)
      this.#core.events.push({ kind: 'copy', url, instance, boot })
      const message = `is another process of instance ${instance}, which answers at ${entry.url}: one database is a copy`
      done({ kind: 'refused', code: 'stale_instance', message }, later)
    })
  }

  #fail(kept: Kept, failure: CallFailure, now: number): void {
    kept.failure = failure
    kept.notBefore = now + Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(kept.failures, 10))
    kept.failures += 1
    if (!kept.isTold) {
      kept.isTold = true
      this.#core.events.push({ kind: 'rejected', candidate: toCandidate(kept), reason: failure.message })
    }
    const waiting = kept.waiting.splice(0)
    for (const done of waiting) done(unverified(kept.update, failure))
  }

  #succeed(kept: Kept, challenged: Challenged, now: number): void {
    this.#kept.delete(kept.update.instance)
    this.#admit(kept.update, challenged, now)
    for (const done of kept.waiting) done(undefined)
  }
}

function unverified({ url }: MemberUpdate, { code, message }: CallFailure): ProblemError {
  if (code === 'stale_instance') return new ProblemError('stale_instance', `${url} ${message}`)
  return new ProblemError('url_unverified', `${url} ${message}`, { field: 'url' })
}

function toCandidate({ update: { instance, nodeId, url }, namedBy, failure }: Kept): Candidate {
  return { instance, nodeId, url, namedBy, ...(failure && { failure }) }
}
