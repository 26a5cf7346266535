import { setTimeout as sleep } from 'node:timers/promises'

/*
 * Whether a coordinator that owes an answer is there at all.
 *
 * A stopped process, or a machine whose network is cut, accepts what is sent and says nothing; so does one that is asked to
 * wait for something. A time-out cannot tell them apart, a ping can: gRPC's keepalive and HTTP/2's PING do the same. When an
 * answer has been owed for a while, the coordinator's health is asked for; when that is not answered either, it is silent.
 * All calls of a client share the pings: one at a time for a URL, none when it answered anything meanwhile, and its result
 * counts for every call that was waiting when the ping was sent.
 */

export interface PingPace {
  pingAfterMs: number
  pingMaxMs: number
}

interface Watcher {
  readonly since: number
  readonly tell: () => void
}

interface Watched {
  heardAt: number
  ping: Promise<boolean> | undefined
  readonly watchers: Set<Watcher>
}

export class Liveness {
  readonly #pace: PingPace
  readonly #ping: (url: string) => Promise<boolean>
  /** Only URLs that owe an answer. */
  readonly #watched = new Map<string, Watched>()

  /** @param ping resolves with whether the coordinator answered it in time; never rejects */
  constructor(pace: PingPace, ping: (url: string) => Promise<boolean>) {
    this.#pace = pace
    this.#ping = ping
  }

  /** The coordinator answered something. */
  heard(url: string): void {
    const watched = this.#watched.get(url)
    if (watched) watched.heardAt = performance.now()
  }

  /** Resolves once the coordinator, which owes an answer from now on, is silent; never, when it is not until the signal is aborted. */
  async silence(url: string, signal: AbortSignal): Promise<void> {
    const watched = this.#watched.get(url) ?? { heardAt: 0, ping: undefined, watchers: new Set() }
    this.#watched.set(url, watched)
    const { promise, resolve } = Promise.withResolvers<void>()
    const watcher = { since: performance.now(), tell: resolve }
    watched.watchers.add(watcher)
    void this.#watch(watched, watcher, url, signal).finally(() => {
      watched.watchers.delete(watcher)
      if (watched.watchers.size === 0 && this.#watched.get(url) === watched) this.#watched.delete(url)
    })
    return promise
  }

  /** Pings from time to time until the signal is aborted or a ping is not answered. Never rejects. */
  async #watch(watched: Watched, watcher: Watcher, url: string, signal: AbortSignal): Promise<void> {
    const { pingAfterMs, pingMaxMs } = this.#pace
    for (let pauseMs = pingAfterMs; ; pauseMs = Math.min(pingMaxMs, pauseMs * 2)) {
      const isOver = await sleep(pauseMs, false, { signal }).catch(() => true)
      if (isOver) return
      if (performance.now() - watched.heardAt < pauseMs) continue
      if (!(await this.#shared(url, watched))) return watcher.tell()
    }
  }

  #shared(url: string, watched: Watched): Promise<boolean> {
    if (watched.ping) return watched.ping
    const sentAt = performance.now()
    watched.ping = this.#ping(url).then((isAnswered) => {
      watched.ping = undefined
      if (isAnswered) watched.heardAt = performance.now()
      // An answer to something else is a sign of life, too.
      else if (watched.heardAt < sentAt) tell(watched.watchers, sentAt)
      return isAnswered || watched.heardAt >= sentAt
    })
    return watched.ping
  }
}

function tell(watchers: Iterable<Watcher>, sentAt: number): void {
  for (const { since, tell: resolve } of watchers) if (since <= sentAt) resolve()
}
