import { type BodyOf, limits, type MemberNews, type ResponseOf, type Routes, wireVersion } from '@skyclaw/protocol'
import type { HostAges } from '../network/host-ages.ts'
import type { Membership } from '../network/membership.ts'
import type { Sightings } from '../network/sightings.ts'
import { Loop } from './loop.ts'
import type { PeerClient } from './peer-client.ts'
import type { PeerError } from './peer-error.ts'
import type { ThrottledLog } from './throttled-log.ts'
import type { Traffic } from './traffic.ts'

export type GossipRequest = BodyOf<Routes['gossip']>
export type GossipAnswer = ResponseOf<Routes['gossip']>

export interface GossipOptions {
  readonly peerUrls: readonly string[]
  readonly membership: Membership
  readonly sightings: Sightings
  readonly hostAges: HostAges
  readonly traffic: Traffic
  readonly client: (url: string) => PeerClient
  /** What this coordinator says of itself now. */
  readonly self: () => MemberNews
  readonly monotonic: () => number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly warnings: ThrottledLog
  /** Called after whatever may have changed the membership. */
  readonly onChange: () => void
  /** Somebody saw another process of this instance ahead of this one: it must not go on. */
  readonly onStale: (reason: string) => void
  /** Asks whether the database is the copy of one that is in use; answers the reason, if so. */
  readonly findCopy: () => Promise<string | undefined>
}

/** Exchanges until a peer that does not know this coordinator is worth a line. */
const strangerAfterExchanges = 5

/** Exchanges signs of life with each configured URL, again and again, and answers those of others. */
export class Gossip {
  readonly #options: GossipOptions
  readonly #loops: Loop[]
  #checking = false
  /** Since when (monotonic milliseconds) a peer answers without counting this coordinator as one of its own. */
  readonly #strangerSince = new Map<string, number>()

  constructor(options: GossipOptions) {
    this.#options = options
    this.#loops = options.peerUrls.map((url) => new Loop(() => this.#exchange(url), options.intervalMs))
  }

  start(): void {
    for (const loop of this.#loops) loop.start()
  }

  /** Asks soon at the URLs where no live member is: something says that there may be one now. */
  prompt(): void {
    const { peerUrls, membership } = this.#options
    for (const [index, url] of peerUrls.entries()) if (!membership.at(url)?.alive) this.#loops[index]!.soon()
  }

  /** Asks soon at one of the URLs. */
  askAgain(url: string): void {
    this.#loops[this.#options.peerUrls.indexOf(url)]?.soon()
  }

  /** Resolves when nothing is under way any more; closing the clients ends what is. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()))
  }

  /** Answers another coordinator. */
  answer({ self: news, hosts }: GossipRequest): GossipAnswer {
    const { membership, sightings, hostAges, monotonic } = this.#options
    const now = monotonic()
    const self = this.#options.self()
    const isOwn = news.instance === self.instance
    const isCurrent = isOwn ? news.boot === self.boot : sightings.see(news)
    const known = isCurrent && !isOwn && membership.isMember(news.instance)
    if (known) hostAges.hear(hosts, now)
    // It has found this coordinator, which may not have found it yet, or know that it was found.
    if (isCurrent && !membership.peer(news.instance)?.alive) this.prompt()
    const url = membership.elsewhere(news.instance, news.boot, now)
    const turn = isOwn ? self.turn : sightings.turnOf(news.instance)
    return {
      version: wireVersion,
      self,
      hosts: known ? this.#newsOnce(`answers to ${news.instance}`, now) : [],
      seen: { known, turn, ...(url !== undefined && { url }) },
    }
  }

  async #exchange(url: string): Promise<void> {
    const { hostAges, traffic, monotonic, timeoutMs, onChange } = this.#options
    const sentAt = monotonic()
    const hosts = hostAges.newsFor(url, sentAt)
    const body = JSON.stringify({ version: wireVersion, self: this.#options.self(), hosts } satisfies GossipRequest)
    traffic.count('gossip', Buffer.byteLength(body))
    try {
      const client = this.#options.client(url)
      const answer = await client.call('gossip', { body, timeoutMs, maxAnswerBytes: limits.largeBodyBytes })
      hostAges.told(url, sentAt)
      this.#take(url, answer, sentAt)
    } catch (error) {
      this.#note(url, error as PeerError)
    }
    onChange()
  }

  #take(url: string, answer: GossipAnswer, sentAt: number): void {
    const { membership, sightings, hostAges, monotonic, onStale } = this.#options
    const { self: news, seen, hosts, version } = answer
    const own = this.#options.self()
    const now = monotonic()
    if (version !== wireVersion) return this.#warn(url, `speaks version ${version} of the messages, not ${wireVersion}`)
    if (news.instance !== own.instance && !sightings.see(news)) {
      return this.#warn(url, 'is the copy of a database, and behind the original')
    }
    const roundTripMs = now - sentAt
    const before = membership.peer(news.instance)
    if (membership.answered(url, { self: news, seen, roundTripMs }, now)) hostAges.hear(hosts, now, roundTripMs)
    if (news.instance !== own.instance) this.#noteStranger(url, seen.known, now)
    // It learns by the next exchange that it is counted as a member here.
    if (!before) this.askAgain(url)
    if (seen.turn > own.turn && news.boot !== own.boot) {
      onStale(`${url} saw turn ${seen.turn} of this instance, and its own latest is ${own.turn}`)
    }
    const twice = news.instance === own.instance && news.boot !== own.boot
    if (twice || seen.url !== undefined) void this.#checkCopy()
  }

  /** Both must list each other. At a start it takes an exchange or two until both know. */
  #noteStranger(url: string, known: boolean, now: number): void {
    if (known) return void this.#strangerSince.delete(url)
    const since = this.#strangerSince.get(url) ?? now
    this.#strangerSince.set(url, since)
    if (now - since < strangerAfterExchanges * this.#options.intervalMs) return
    this.#warn(url, 'answers, and does not count this coordinator as a peer: its peer URLs must name this one too')
  }

  /** This instance was seen in another place: it has moved, was restarted, or there are two of it. */
  async #checkCopy(): Promise<void> {
    if (this.#checking) return
    this.#checking = true
    const reason = await this.#options.findCopy()
    if (reason !== undefined) this.#options.onStale(reason)
    this.#checking = false
  }

  #newsOnce(listener: string, now: number) {
    const news = this.#options.hostAges.newsFor(listener, now)
    this.#options.hostAges.told(listener, now)
    return news
  }

  #note(url: string, error: PeerError): void {
    if (error.portClosed) this.#options.membership.refused(url, this.#options.monotonic())
    if (error.kind !== 'unreachable') this.#warn(url, error.message)
  }

  #warn(url: string, reason: string): void {
    this.#options.warnings.warn(`gossip ${url}`, { peer: url }, `${url} ${reason}`)
  }
}
