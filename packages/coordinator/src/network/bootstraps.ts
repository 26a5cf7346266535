import type { Member, MemberUpdate } from '@skyclaw/protocol'
import { isLive } from './entry.ts'
import type { MemberCore } from './member-core.ts'
import type { Bootstrap, CallFailure, CallResult, JoinAnswer } from './membership.ts'

const joinTimeoutMs = 5_000
/** The wait after the first try is a round of probes; it doubles with each further one, up to this. */
const maxRetryMs = 15_000
/** A URL that leads back here is asked again so seldom: it may lead elsewhere one day. */
const ownUrlRetryMs = 60_000

interface Kept {
  readonly url: string
  instance: string | undefined
  isOwn: boolean
  isAsked: boolean
  failure: CallFailure | undefined
  /** In a row, without a member to show for it. */
  tries: number
  notBefore: number
}

/** Joins through the configured URLs, again and again: until the coordinator there is a live member, and when it is none any more. */
export class Bootstraps {
  readonly #core: MemberCore
  readonly #name: (update: MemberUpdate, from: string, now: number) => void
  readonly #kept: Kept[]
  #hasJoined = false

  constructor(core: MemberCore, name: (update: MemberUpdate, from: string, now: number) => void) {
    this.#core = core
    this.#name = name
    this.#kept = core.options.peerUrls.map((url) => ({
      ...{ url, instance: undefined, isOwn: false, isAsked: false, failure: undefined, tries: 0, notBefore: 0 },
    }))
  }

  tick(now: number): void {
    if (this.#kept.length === 0 || this.#core.options.self().url === '') return
    for (const kept of this.#kept) {
      const isSettled = this.#isSettled(kept)
      if (isSettled) kept.tries = 0
      if (!isSettled && !kept.isAsked && now >= kept.notBefore) this.#join(kept)
    }
  }

  bootstraps(): Bootstrap[] {
    return this.#kept.map(({ url, instance, failure, isOwn }) => ({
      url,
      ...(isOwn ? { instance: this.#core.instance } : instance !== undefined && { instance }),
      ...(failure && { failure }),
    }))
  }

  /** URLs at which somebody may be of whom nobody who answered has told. */
  unheard(): string[] {
    if (this.#hasJoined) return []
    return this.#kept.filter(({ instance, isOwn }) => instance === undefined && !isOwn).map(({ url }) => url)
  }

  /** Whether a coordinator answers at one of the URLs, under whatever URL of its own. */
  leadTo(instance: string): boolean {
    return this.#kept.some((kept) => kept.instance === instance)
  }

  #isSettled({ instance }: Kept): boolean {
    const entry = instance === undefined ? undefined : this.#core.entries.get(instance)
    return entry !== undefined && isLive(entry) && entry.verified
  }

  #join(kept: Kept): void {
    kept.isAsked = true
    const { nodeId, instance, url, version, wire } = this.#core.options.self()
    const request = { nodeId, instance, url, version, wire }
    this.#core.options.calls.join(kept.url, request, joinTimeoutMs, (result, now) => this.#take(kept, result, now))
  }

  #take(kept: Kept, result: CallResult<JoinAnswer>, now: number): void {
    kept.isAsked = false
    if (!result.ok) return this.#fail(kept, result.failure, now)
    kept.failure = undefined
    kept.notBefore = now + this.#retryMs(kept)
    const { self, peers } = result.answer
    kept.isOwn = self.instance === this.#core.instance
    if (kept.isOwn) {
      kept.notBefore = now + ownUrlRetryMs
      this.#core.events.push({ kind: 'self', url: kept.url })
      return
    }
    kept.instance = self.instance
    // The answerer is named by its URL: it is expected here from now on, as those are whom it names.
    for (const member of [self, ...peers]) this.#name(this.#updateOf(member, self.instance), kept.url, now)
    if (this.#hasJoined) return
    this.#hasJoined = true
    this.#core.revision += 1
    this.#core.events.push({ kind: 'joined', through: kept.url, members: peers.length + 1 })
  }

  #fail(kept: Kept, failure: CallFailure, now: number): void {
    const isNews = kept.failure?.message !== failure.message
    kept.failure = failure
    kept.notBefore = now + this.#retryMs(kept)
    if (isNews) this.#core.events.push({ kind: 'join_failed', url: kept.url, failure })
  }

  /** The more tries in a row have not led to a member there, the longer the wait. */
  #retryMs(kept: Kept): number {
    const waitMs = this.#core.intervalMs * 2 ** Math.min(kept.tries, 10)
    kept.tries += 1
    return Math.min(maxRetryMs, waitMs) * (0.75 + 0.5 * this.#core.options.random())
  }

  /** Of its incarnation and whether it has caught up it speaks itself, as soon as it is called. */
  #updateOf(member: Member, by: string): MemberUpdate {
    const { nodeId, instance, url, version, state } = member
    const wire = this.#core.options.self().wire
    return { nodeId, instance, url, version, state, wire, incarnation: 0, ready: false, by }
  }
}
