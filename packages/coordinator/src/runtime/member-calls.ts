import { type BodyOf, limits, type ResponseOf, type Routes, wireRange } from '@skyclaw/protocol'
import type {
  CallFailure,
  CallResult,
  Challenged,
  GossipAnswer,
  GossipRequest,
  JoinAnswer,
  JoinRequest,
  MemberCalls,
} from '../network/membership.ts'
import { challengeAt } from './challenge-call.ts'
import type { PeerClient, PeerRoute } from './peer-client.ts'
import { PeerError } from './peer-error.ts'
import type { ThrottledLog } from './throttled-log.ts'
import type { Traffic } from './traffic.ts'

export interface HttpMemberCallsOptions {
  readonly token: string | undefined
  readonly instance: string
  /** The connections to a coordinator whose URL is configured, or has answered a challenge. */
  readonly client: (url: string) => PeerClient
  /** The version of the messages that the coordinator at a URL is spoken to in. */
  readonly versionFor: (url: string) => number
  readonly traffic: Traffic
  readonly warnings: ThrottledLog
  readonly monotonic: () => number
  /** Called before the membership takes an answer to gossip. */
  readonly onGossip: (url: string, answer: GossipAnswer) => void
  /** Called after whatever may have changed the membership. */
  readonly onChange: () => void
}

type Done<T> = (result: CallResult<T>, now: number) => void

/** How the membership reaches other coordinators: over HTTP. */
export class HttpMemberCalls implements MemberCalls {
  readonly #options: HttpMemberCallsOptions
  readonly #closing = new AbortController()
  readonly #unchallenging = new AbortController()

  constructor(options: HttpMemberCallsOptions) {
    this.#options = options
  }

  gossip(url: string, request: GossipRequest, timeoutMs: number, done: Done<GossipAnswer>): void {
    const ask = async () => {
      const body = { ...request, version: this.#options.versionFor(url) }
      const answer = await this.#ask('gossip', url, body, timeoutMs)
      assertVersion(answer.version)
      this.#options.onGossip(url, answer)
      return answer
    }
    void this.#settle(url, ask, done)
  }

  probe(url: string, target: string, timeoutMs: number, done: Done<boolean>): void {
    const { instance: from, versionFor } = this.#options
    const ask = async () => {
      const { reached } = await this.#ask('probeMember', url, { version: versionFor(url), from, target }, timeoutMs)
      return reached
    }
    void this.#settle(url, ask, done)
  }

  join(url: string, request: JoinRequest, timeoutMs: number, done: Done<JoinAnswer>): void {
    void this.#settle(url, () => this.#ask('joinNetwork', url, request, timeoutMs), done)
  }

  challenge(url: string, timeoutMs: number, done: Done<Challenged>): void {
    const { token, traffic } = this.#options
    void this.#settle(
      url,
      () => challengeAt(url, { token, timeoutMs, traffic, signal: this.#unchallenging.signal }),
      done,
    )
  }

  /** Fails the challenges that are under way, and those to come. */
  stopChallenging(): void {
    this.#unchallenging.abort()
  }

  /** Ends what is under way, and fails whatever comes later. */
  close(): void {
    this.#closing.abort()
    this.#unchallenging.abort()
  }

  async #ask<Id extends Exclude<PeerRoute, 'readFeed'>>(
    id: Id,
    url: string,
    value: BodyOf<Routes[Id]>,
    timeoutMs: number,
  ): Promise<ResponseOf<Routes[Id]>> {
    const { client, traffic } = this.#options
    if (!URL.canParse(url)) throw new PeerError('malformed', 'is no URL')
    const body = JSON.stringify(value)
    traffic.count(kinds[id] ?? id, Buffer.byteLength(body))
    return client(url).call(id, { body, timeoutMs, maxAnswerBytes: limits.largeBodyBytes })
  }

  async #settle<T>(url: string, ask: () => Promise<T>, done: Done<T>): Promise<void> {
    const result = await this.#attempt(url, ask)
    done(result, this.#options.monotonic())
    this.#options.onChange()
  }

  async #attempt<T>(url: string, ask: () => Promise<T>): Promise<CallResult<T>> {
    try {
      if (this.#closing.signal.aborted) throw new PeerError('unreachable', 'is not asked: this coordinator closes')
      return { ok: true, answer: await ask() }
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      const { warnings } = this.#options
      if (error.kind !== 'unreachable') warnings.warn(`member ${url}`, { peer: url }, `${url} ${error.message}`)
      return { ok: false, failure: toFailure(error) }
    }
  }
}

const kinds: Partial<Record<PeerRoute, string>> = { joinNetwork: 'join', probeMember: 'probe' }

export function toFailure({ kind, portClosed, problem, message }: PeerError): CallFailure {
  return { kind, message, ...(portClosed && { portClosed }), ...(problem && { code: problem.code }) }
}

function assertVersion(version: number): void {
  if (version >= wireRange.min && version <= wireRange.max) return
  throw new PeerError('malformed', `speaks version ${version} of the messages, not ${spokenVersions()}`)
}

/** The versions of the messages that this program speaks, for people. */
export function spokenVersions(): string {
  const { min, max } = wireRange
  return min === max ? `${max}` : `${min} to ${max}`
}
