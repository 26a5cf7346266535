/**
 * Who the other coordinators are, and which of them are alive: as values, without any input or output of its own.
 *
 * Members are the instances that answered at the configured URLs. Each URL is asked again and again; an instance is alive while its
 * last answer is no older than `deadAfterMs` and says that it counts this coordinator as a member too. So two that can talk in one
 * direction only, or of which only one is configured with the other, do not take each other for live. One whose port takes no
 * connections has ended, and is dead at once, until it answers again. When a URL answers as another instance, the one before has lost its
 * database, and is dead from then on.
 */
import type { MemberNews, Sighting } from '@skyclaw/protocol'
import type { MeshMember } from '../mesh/mesh.ts'

export interface MembershipOptions {
  readonly instance: string
  readonly boot: string
  readonly peerUrls: readonly string[]
  /** A member that has not answered for longer is dead. */
  readonly deadAfterMs: number
  /** For so long an instance that was replaced at its URL still counts as a member that may know things. */
  readonly keepReplacedMs: number
  /** Monotonic milliseconds, like every `now` here. */
  readonly now: number
  /** Members from before the start, those that were heard last first. */
  readonly known: readonly KnownMember[]
}

export interface KnownMember {
  readonly instance: string
  readonly nodeId: string
  /** Under which it was configured. */
  readonly url: string
  readonly forgotten: boolean
}

export interface Answer {
  readonly self: MemberNews
  readonly seen: Pick<Sighting, 'known'>
  readonly roundTripMs: number
}

/** A coordinator that has answered at a configured URL at some time. */
export interface Peer {
  readonly instance: string
  readonly nodeId: string
  /** Where it is asked. */
  readonly url: string
  readonly forgotten: boolean
  /** Undefined when it has not answered since the start. */
  readonly news?: MemberNews
  readonly roundTripMs?: number
  readonly heardAt?: number
  /** Nothing listens where it answered last. */
  readonly refused?: boolean
  /** Whether it counts this coordinator as a member. */
  readonly knowsUs: boolean
  readonly alive: boolean
  /** When it became alive or dead. */
  readonly since: number
  /** When another instance took its place. */
  readonly replacedAt?: number
}

export type MemberEvent =
  | { readonly kind: 'alive'; readonly peer: Peer }
  | { readonly kind: 'dead'; readonly peer: Peer }
  /** `peer` is the one that was there before. */
  | { readonly kind: 'replaced'; readonly peer: Peer; readonly by: MemberNews }
  /** The URL leads back here. */
  | { readonly kind: 'self'; readonly url: string }
  /** Another process with this coordinator's instance id, or two processes of another instance. */
  | { readonly kind: 'copy'; readonly url: string; readonly of: MemberNews }

interface Place {
  instance: string
  boot: string | undefined
  heardAt: number
}

export class Membership {
  readonly #options: MembershipOptions
  readonly #peers = new Map<string, Peer>()
  /** What answered last at each URL. */
  readonly #places = new Map<string, Place>()
  /** URLs that lead back to this coordinator. */
  readonly #ownUrls = new Set<string>()
  /** What an operator was told once. */
  readonly #told = new Set<string>()
  #events: MemberEvent[] = []
  /** Since when this process has not stood still: what did not answer before may not have been able to. */
  #awakeSince: number
  #lastTickAt: number
  /** Counts changes of what `members` answers. */
  revision = 0

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#awakeSince = options.now
    this.#lastTickAt = options.now
    for (const { instance, nodeId, url, forgotten } of options.known) {
      if (instance === options.instance || !options.peerUrls.includes(url)) continue
      const current = !this.#places.has(url)
      if (current) this.#places.set(url, { instance, boot: undefined, heardAt: Number.NEGATIVE_INFINITY })
      this.#peers.set(instance, {
        ...{ instance, nodeId, url, forgotten, knowsUs: false, alive: false, since: options.now },
        ...(!current && { replacedAt: options.now }),
      })
    }
  }

  /** Takes what a configured URL answered. Says whether it is a member's. */
  answered(url: string, { self: news, seen, roundTripMs }: Answer, now: number): boolean {
    if (news.instance === this.#options.instance) {
      if (!this.#ownUrls.has(url)) this.revision += 1
      this.#ownUrls.add(url)
      this.#noteOnce(news.boot === this.#options.boot ? { kind: 'self', url } : { kind: 'copy', url, of: news })
      return false
    }
    this.#settle(url, news, now)
    const before = this.#peers.get(news.instance)
    const peer: Peer = {
      ...{ instance: news.instance, nodeId: news.nodeId, url, forgotten: before?.forgotten ?? false },
      ...{ news, roundTripMs, heardAt: now, knowsUs: seen.known },
      ...{ alive: before?.alive ?? false, since: before?.since ?? now },
    }
    this.#peers.set(peer.instance, peer)
    if (before === undefined || before.news?.ready !== news.ready) this.revision += 1
    this.#refresh(peer, now)
    return true
  }

  /** Notes that a connection to a configured URL was refused: nothing listens there. A mere lack of answers says less. */
  refused(url: string, now: number): void {
    const peer = this.at(url)
    if (peer?.url !== url || !peer.alive) return
    this.#refresh({ ...peer, refused: true }, now)
  }

  /** Looks who has fallen silent. To be called often: when the calls have stopped for long, this process stood still and heard nobody. */
  tick(now: number): void {
    if (now - this.#lastTickAt > this.#options.deadAfterMs / 2) this.#awakeSince = now
    this.#lastTickAt = now
    for (const peer of this.#peers.values()) {
      this.#refresh(peer, now)
      if (peer.replacedAt === undefined || now - peer.replacedAt <= this.#options.keepReplacedMs) continue
      this.#peers.delete(peer.instance)
      this.revision += 1
    }
  }

  /** The members as the mesh is told of them. Who is expected at a URL and was never heard is a member too: it may know of records. */
  members(): MeshMember[] {
    const { peerUrls, now } = this.#options
    const known = [...this.#peers.values()].map(({ instance, alive, news, since, forgotten }) => ({
      ...{ instance, alive, ready: news?.ready ?? false, since },
      ...(forgotten && { forgotten }),
    }))
    const unheard = peerUrls.filter((url) => !this.#places.has(url) && !this.#ownUrls.has(url))
    return [...known, ...unheard.map((url) => ({ instance: url, alive: false, ready: false, since: now }))]
  }

  peer(instance: string): Peer | undefined {
    return this.#peers.get(instance)
  }

  /** Whether an instance is a member, whose messages are taken. */
  isMember(instance: string): boolean {
    const peer = this.#peers.get(instance)
    return peer !== undefined && peer.replacedAt === undefined && !peer.forgotten
  }

  peers(): Peer[] {
    return [...this.#peers.values()]
  }

  alive(): Peer[] {
    return this.peers().filter(({ alive }) => alive)
  }

  /** The member at a configured URL, if one has ever answered there. */
  at(url: string): Peer | undefined {
    const place = this.#places.get(url)
    return place && this.#peers.get(place.instance)
  }

  /** Whether a URL leads back to this coordinator. */
  leadsBack(url: string): boolean {
    return this.#ownUrls.has(url)
  }

  /** Where an instance answered of late as another process than this one. */
  elsewhere(instance: string, boot: string, now: number): string | undefined {
    for (const [url, place] of this.#places) {
      const recent = now - place.heardAt <= this.#options.deadAfterMs
      if (recent && place.instance === instance && place.boot !== boot) return url
    }
    return undefined
  }

  /** What has happened since the last call, in order. */
  takeEvents(): MemberEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Notes which instance a URL leads to now. */
  #settle(url: string, news: MemberNews, now: number): void {
    const before = this.#places.get(url)
    const elsewhere = this.elsewhere(news.instance, news.boot, now)
    if (!before) this.revision += 1
    this.#ownUrls.delete(url)
    this.#places.set(url, { instance: news.instance, boot: news.boot, heardAt: now })
    if (elsewhere !== undefined && elsewhere !== url) this.#noteOnce({ kind: 'copy', url, of: news })
    if (before && before.instance !== news.instance) this.#replace(before.instance, news, now)
  }

  #replace(instance: string, by: MemberNews, now: number): void {
    const peer = this.#peers.get(instance)
    const stillThere = [...this.#places.values()].some((place) => place.instance === instance)
    if (!peer || stillThere) return
    this.#peers.set(instance, { ...peer, alive: false, since: peer.alive ? now : peer.since, replacedAt: now })
    this.#events.push({ kind: 'replaced', peer, by })
    this.revision += 1
  }

  #refresh(peer: Peer, now: number): void {
    const heardAt = Math.max(peer.heardAt ?? Number.NEGATIVE_INFINITY, peer.alive ? this.#awakeSince : -Infinity)
    const present = peer.replacedAt === undefined && !peer.forgotten && peer.knowsUs && peer.refused !== true
    const alive = present && now - heardAt <= this.#options.deadAfterMs
    if (alive === peer.alive) return
    const changed = { ...peer, alive, since: now }
    this.#peers.set(peer.instance, changed)
    this.#events.push(alive ? { kind: 'alive', peer: changed } : { kind: 'dead', peer: changed })
    this.revision += 1
  }

  #noteOnce(event: Extract<MemberEvent, { kind: 'self' | 'copy' }>): void {
    const name = `${event.kind} ${event.url} ${event.kind === 'copy' ? event.of.boot : ''}`
    if (this.#told.has(name) || this.#told.size >= maxNotes) return
    this.#told.add(name)
    this.#events.push(event)
  }
}

/** Things that operators are told once, at most. */
const maxNotes = 1_000
