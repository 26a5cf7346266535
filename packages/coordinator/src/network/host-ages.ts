import type { HostAge } from '@skyclaw/protocol'
import type { HostSessions } from '../core/host-sessions.ts'

/** Coordinators of which more is remembered than who was told within the last lease time. */
const maxTold = 2_048

/** What other coordinators are told of when hosts were heard: each what is news to it, as ages, in whole milliseconds. */
export class HostAges {
  readonly #sessions: HostSessions
  readonly #maxHosts: number
  /** When each coordinator, by instance, was last told (monotonic milliseconds). */
  readonly #toldAt = new Map<string, number>()
  /** Where the next part begins when there is more news than one exchange takes: each host has its turn. */
  #offset = 0

  constructor(sessions: HostSessions, maxHosts: number) {
    this.#sessions = sessions
    this.#maxHosts = maxHosts
  }

  /** The hosts heard since a coordinator was last told, at most for one lease time: older ages renew nothing. */
  newsFor(peer: string, now: number): HostAge[] {
    const sinceMs = now - (this.#toldAt.get(peer) ?? Number.NEGATIVE_INFINITY)
    const ages = this.#sessions.ages(Math.min(sinceMs, this.#sessions.leaseMs), now)
    const news = Array.from(ages, ({ id, ageMs }) => ({ id, ageMs: Math.round(ageMs) }))
    if (news.length <= this.#maxHosts) return news
    const start = this.#offset % news.length
    this.#offset = start + this.#maxHosts
    return [...news.slice(start), ...news.slice(0, start)].slice(0, this.#maxHosts)
  }

  /** Notes that a coordinator has got what was news at that time. */
  told(peer: string, at: number): void {
    this.#toldAt.set(peer, at)
    if (this.#toldAt.size <= maxTold) return
    for (const [other, toldAt] of this.#toldAt) if (at - toldAt > this.#sessions.leaseMs) this.#toldAt.delete(other)
  }

  /** @param addMs how long the news may have been under way */
  hear(hosts: readonly HostAge[], now: number, addMs = 0): void {
    for (const { id, ageMs } of hosts) this.#sessions.hear(id, now, ageMs + addMs)
  }
}
