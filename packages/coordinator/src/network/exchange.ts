import { limits, type MemberNews, type MemberUpdate, wireVersion } from '@skyclaw/protocol'
import type { Beliefs } from './beliefs.ts'
import { type Entry, isLive, toClaim, toUpdate } from './entry.ts'
import type { MemberCore } from './member-core.ts'
import type { CallFailure, Challenged, GossipAnswer, GossipRequest } from './membership.ts'
import { Rotation } from './rotation.ts'

/** News of members in one message, besides those that it tells in rotation so that what somebody missed heals. */
const maxNews = 8
const maxRotating = 3
/** More exchanges at once than that do not help two that do not come to know the same of each other. */
const maxHurries = 5
/** Something that is said again and again is noted so often only. */
const noteIntervalMs = 5_000
const maxNotes = 1_000

/** What exchanges of gossip say, and what is taken of them. */
export class Exchanges {
  readonly #core: MemberCore
  readonly #beliefs: Beliefs
  readonly #rotation: Rotation
  readonly #onUnknown: (update: MemberUpdate, from: string, now: number) => void
  readonly #notedAt = new Map<string, number>()
  /** Somebody must be asked soon. */
  readonly soon: Set<string> = new Set()

  constructor(
    core: MemberCore,
    beliefs: Beliefs,
    onUnknown: (update: MemberUpdate, from: string, now: number) => void,
  ) {
    this.#core = core
    this.#beliefs = beliefs
    this.#onUnknown = onUnknown
    this.#rotation = new Rotation(core.options.random)
  }

  request(to: Entry, all: boolean, now: number): GossipRequest {
    const { options } = this.#core
    const members = all ? this.#everything() : this.#some(to, now)
    const hosts = options.hosts.newsFor(to.instance, now)
    return { version: wireVersion, self: this.#core.news(), ...(all && { all }), members, hosts }
  }

  answer({ self: news, members, hosts, all }: GossipRequest, now: number): GossipAnswer {
    const core = this.#core
    const { sightings, hosts: ages } = core.options
    const isOwn = news.instance === core.instance
    const isCurrent = isOwn ? news.boot === core.news().boot : sightings.see(news)
    const entry = isOwn ? undefined : core.entries.get(news.instance)
    const url = core.elsewhere(news.instance, news.boot, now)
    const known = isCurrent && entry !== undefined && isMember(entry)
    if (isCurrent && !isOwn) this.#hear(entry, news, now)
    if (known) {
      for (const update of members) this.#beliefs.take(update, news.instance, now)
      ages.hear(hosts, now)
      // It has found this coordinator, which may not have found it, or not know that it was found.
      if (!entry.usable || !entry.isMet) this.soon.add(news.instance)
    } else if (isCurrent && !isOwn) {
      // It may refute what somebody thinks of it who is no member here yet.
      for (const update of members) this.#beliefs.takeAccusation(update)
    }
    const told = known ? ages.newsFor(news.instance, now) : []
    if (known) ages.told(news.instance, now)
    const turn = isOwn ? core.news().turn : sightings.turnOf(news.instance)
    const forgotten = entry?.state === 'forgotten'
    return {
      version: wireVersion,
      self: core.news(),
      members: known ? (all === true ? this.#everything() : this.#some(entry, now)) : [],
      hosts: told,
      seen: { known, turn, ...(url !== undefined && { url }), ...(forgotten && { forgotten }) },
    }
  }

  /** Takes what came back. Answers the failure that it amounts to when it is not the member's own, or not to be trusted. */
  take(
    entry: Entry,
    { self: news, members, hosts, seen }: GossipAnswer,
    sentAt: number,
    now: number,
  ): CallFailure | undefined {
    const core = this.#core
    const own = core.news()
    if (news.instance === core.instance && news.boot === own.boot) {
      return { kind: 'malformed', message: 'leads to this coordinator itself' }
    }
    if (news.instance === core.instance) {
      this.#noteCopy(entry.url, news, now)
      return { kind: 'malformed', message: 'answers as this instance' }
    }
    if (!core.options.sightings.see(news)) {
      return { kind: 'malformed', message: 'is the copy of a database, and behind the original' }
    }
    if (news.instance !== entry.instance) {
      this.#onUnknown({ ...updateOf(news), url: entry.url }, news.instance, now)
      return { kind: 'malformed', message: `answers as another instance, ${news.instance}` }
    }
    entry.roundTripMs = now - sentAt
    entry.answeredAt = now
    entry.failure = undefined
    if (seen.forgotten) core.events.push({ kind: 'self_forgotten' })
    if (seen.url !== undefined) this.#noteCopy(seen.url, own, now)
    const knew = entry.knowsUs
    entry.knowsUs = seen.known
    this.#hear(entry, news, now)
    if (seen.known !== knew || !entry.usable) core.refresh(entry, now)
    if (!isMember(entry)) return undefined
    for (const update of members) this.#beliefs.take(update, entry.instance, now)
    core.options.hosts.told(entry.instance, sentAt)
    core.options.hosts.hear(hosts, now, entry.roundTripMs)
    // It counts this coordinator as a member as soon as that has answered its challenge.
    if (seen.known) entry.isMet = true
    else this.#hurry(entry)
    if (entry.knowsUs && entry.state === 'alive') entry.hurries = 0
    return undefined
  }

  /** Another instance answered a challenge where a member was. Answers the failure that this is for the member. */
  noteOther({ url, version, wire }: Entry, { instance, nodeId }: Challenged, now: number): CallFailure {
    const other = { instance, nodeId, url, version, wire, incarnation: 0, ready: false, state: 'alive' } as const
    this.#onUnknown(other, instance, now)
    return { kind: 'malformed', message: `answers as another instance, ${instance}` }
  }

  /** Takes what a coordinator says of itself. */
  #hear(entry: Entry | undefined, news: MemberNews, now: number): void {
    const update = updateOf(news)
    const isThere = entry?.verified === true && isMember(entry) && (news.url === entry.url || news.url === '')
    if (!isThere) {
      if (news.url !== '' && entry?.state !== 'forgotten') this.#onUnknown(update, news.instance, now)
      if (!entry || !isMember(entry)) return
    }
    entry.news = news
    const isNew =
      news.incarnation > entry.incarnation || (news.incarnation === entry.incarnation && entry.isUnconfirmed)
    if (isNew) this.#beliefs.adopt(entry, update, now)
    else if (isLive(entry) && news.incarnation === entry.incarnation) this.#refreshNews(entry, update, now)
    // It is told by the next message what is said of it, and refutes that.
    else this.#hurry(entry)
  }

  #refreshNews(entry: Entry, { nodeId, version, wire, ready }: MemberUpdate, now: number): void {
    const changed = entry.ready !== ready || entry.version !== version || entry.nodeId !== nodeId
    Object.assign(entry, { nodeId, version, wire, ready })
    if (changed) this.#core.refresh(entry, now)
    if (entry.state === 'suspect') this.#hurry(entry)
  }

  /** Has the next exchange come soon, some times in a row. */
  #hurry(entry: Entry): void {
    if (entry.hurries >= maxHurries) return
    entry.hurries += 1
    this.soon.add(entry.instance)
  }

  /** What is new, what its turn is, and what the receiver must hear of itself. */
  #some(to: Entry, now: number): MemberUpdate[] {
    const core = this.#core
    const { broadcasts, entries } = core
    const chosen = new Set(broadcasts.take(maxNews, core.size))
    if (to.state !== 'alive' || to.isUnconfirmed) chosen.add(to.instance)
    const all = () => [core.instance, ...entries.keys()]
    for (const instance of this.#rotation.take(maxRotating, all, (it) => !chosen.has(it))) chosen.add(instance)
    return [...chosen].flatMap((instance) => this.#updateOf(instance, now))
  }

  #everything(): MemberUpdate[] {
    const told = [...this.#core.entries.values()].filter((entry) => this.#core.isWorthTelling(entry))
    return told.slice(0, limits.members).map(toClaim)
  }

  #updateOf(instance: string, now: number): MemberUpdate[] {
    const core = this.#core
    if (instance === core.instance) return [core.ownUpdate()]
    const entry = core.entries.get(instance)
    return entry && core.isTold(entry, now) ? [toUpdate(entry)] : []
  }

  #noteCopy(url: string, { instance, boot }: MemberNews, now: number): void {
    const name = `${url} ${boot}`
    if (now - (this.#notedAt.get(name) ?? Number.NEGATIVE_INFINITY) < noteIntervalMs) return
    if (this.#notedAt.size >= maxNotes) this.#notedAt.clear()
    this.#notedAt.set(name, now)
    this.#core.events.push({ kind: 'copy', url, instance, boot })
  }
}

/** Whether its messages are taken: what nobody has forgotten or replaced may be there again at any time. */
export function isMember({ state, verified }: Entry): boolean {
  return verified && state !== 'forgotten' && state !== 'replaced'
}

function updateOf({ instance, nodeId, url, version, wire, incarnation, ready }: MemberNews): MemberUpdate {
  return { instance, nodeId, url, version, wire, incarnation, ready, state: 'alive' }
}
