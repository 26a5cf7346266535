import type { LogFolder, LogName, LogSizes } from '@skyclaw/output-log'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bells } from './bells.ts'
import { beyond, isNews, type LogPage, readPage } from './log-page.ts'
import type { LogPeer, LogPeers } from './log-peers.ts'

export interface AttemptPagesOptions {
  readonly folder: LogFolder
  /** Rings by `logBell` when there is a log that was not there. */
  readonly arrivals: Bells
  readonly peers: LogPeers
}

/** The bell of a log. */
export function logBell({ jobId, attempt }: LogName): string {
  return `${jobId} ${attempt}`
}

/** A holder that has said nothing for so long may be the holder no more: the others are asked. */
const holderWaitMs = 2_000

/** Coordinators that are asked at once, and of which one request looks at all at most. */
const askedAtOnce = 8
const askedInAll = 64

/** When all who could be asked are gone, they are not asked again at once. */
const minRoundMs = 250

/**
 * The log of one attempt, from wherever it is: what this coordinator itself has, else from the one that has most, its holder. That one is asked
 * again and again, and is told apart anew when it fails or falls silent.
 */
export class AttemptPages {
  readonly #options: AttemptPagesOptions
  readonly #name: LogName
  #holder: LogPeer | undefined
  /** Whether this coordinator itself had what came last. */
  #ownHolds = false
  #unanswered = false
  /** Whom to ask first, so that all have their turn. */
  #turn = 0

  constructor(options: AttemptPagesOptions, name: LogName) {
    this.#options = options
    this.#name = name
  }

  /** Whether some of those who were asked last gave no answer: they may have more. */
  get unanswered(): boolean {
    return this.#unanswered
  }

  /**
   * What comes next after these offsets. Waits for it for about `waitMs`, at most until the signal is aborted; undefined when nothing came.
   * Never rejects for what other coordinators do.
   */
  async next(from: LogSizes, waitMs: number, signal: AbortSignal): Promise<LogPage | undefined> {
    const own = (await this.#ownIfHolder(from, waitMs, signal)) ?? (await this.#own(from))
    this.#ownHolds = isNews(own, from)
    if (this.#ownHolds) return own
    const round = new AbortController()
    const ends = AbortSignal.any([round.signal, signal])
    try {
      const found = this.#holder ? this.#fromHolder(from, waitMs, ends) : this.#seek(from, waitMs, ends)
      if (waitMs <= 0) return await found
      return await Promise.race([found, this.#ownNews(from, ends)])
    } finally {
      round.abort()
    }
  }

  /** Whoever had the latest is waited for before the others are asked. */
  async #ownIfHolder(from: LogSizes, waitMs: number, signal: AbortSignal): Promise<LogPage | undefined> {
    if (!this.#ownHolds || waitMs <= 0) return undefined
    const timeout = AbortSignal.timeout(Math.ceil(Math.min(waitMs, holderWaitMs)))
    return this.#ownNews(from, AbortSignal.any([signal, timeout]))
  }

  async #own(from: LogSizes): Promise<LogPage> {
    return readPage(await this.#options.folder.find(this.#name), from)
  }

  /** The page that comes here, or undefined when the signal is aborted. */
  async #ownNews(from: LogSizes, signal: AbortSignal): Promise<LogPage | undefined> {
    const { folder, arrivals } = this.#options
    while (!signal.aborted) {
      const log = await folder.find(this.#name)
      const page = await readPage(log, from)
      if (isNews(page, from)) return page
      // It may have been appended to while it was read.
      if (log && (log.closed || log.sizes.stdout !== page.sizes.stdout || log.sizes.stderr !== page.sizes.stderr))
        continue
      await (log ? log.changed(signal) : arrivals.next(logBell(this.#name), signal))
    }
    return undefined
  }

  async #fromHolder(from: LogSizes, waitMs: number, signal: AbortSignal): Promise<LogPage | undefined> {
    const page = await this.#ask(this.#holder!, from, Math.min(waitMs, holderWaitMs), signal)
    if (page && isNews(page, from)) return page
    this.#holder = undefined
    return waitMs > holderWaitMs || !page ? this.#seek(from, waitMs, signal) : undefined
  }

  /** Asks who has most; when nobody has anything new, waits for the first that does. */
  async #seek(from: LogSizes, waitMs: number, signal: AbortSignal): Promise<LogPage | undefined> {
    const startedAt = performance.now()
    const peers = this.#nextPeers()
    const best = await this.#best(peers, from, signal)
    if (best) {
      const page = await this.#ask(best, from, 0, signal)
      if (page && isNews(page, from)) {
        this.#holder = best
        return page
      }
    }
    if (waitMs <= 0 || signal.aborted) return undefined
    const page = await this.#first(peers.slice(0, askedAtOnce), from, waitMs, signal)
    if (page) return page
    const left = (peers.length === 0 ? waitMs : Math.min(waitMs, minRoundMs)) - (performance.now() - startedAt)
    if (left > 0) await sleep(left, undefined, { signal }).catch(() => undefined)
    return undefined
  }

  #nextPeers(): LogPeer[] {
    const peers = this.#options.peers.usable()
    const first = peers.length === 0 ? 0 : this.#turn % peers.length
    this.#turn += askedAtOnce
    return [...peers.slice(first), ...peers.slice(0, first)].slice(0, askedInAll)
  }

  /** Who has most of what comes after these offsets; undefined when nobody has any of it. */
  async #best(peers: readonly LogPeer[], from: LogSizes, signal: AbortSignal): Promise<LogPeer | undefined> {
    const left = [...peers]
    this.#unanswered = false
    let best: { readonly peer: LogPeer; readonly more: number } | undefined
    const askNext = async () => {
      for (let peer = left.shift(); peer && !signal.aborted; peer = left.shift()) {
        const page = await this.#ask(peer, { stdout: beyond, stderr: beyond }, 0, signal)
        if (!page) this.#unanswered = true
        const more = page ? moreIn(page, from) : 0
        if (more > (best?.more ?? 0)) best = { peer, more }
      }
    }
    await Promise.all(Array.from({ length: askedAtOnce }, askNext))
    return best?.peer
  }

  /** The first news of any of them. */
  async #first(peers: readonly LogPeer[], from: LogSizes, waitMs: number, signal: AbortSignal) {
    const others = new AbortController()
    const ends = AbortSignal.any([others.signal, signal])
    const ask = async (peer: LogPeer): Promise<LogPage> => {
      const page = await this.#ask(peer, from, waitMs, ends)
      if (!page || !isNews(page, from)) throw new Error(`${peer.url} has no news`)
      this.#holder = peer
      return page
    }
    try {
      return await Promise.any(peers.map(ask))
    } catch {
      return undefined
    } finally {
      others.abort()
    }
  }

  async #ask(peer: LogPeer, from: LogSizes, waitMs: number, signal: AbortSignal): Promise<LogPage | undefined> {
    try {
      return await this.#options.peers.page(peer, this.#name, from, { waitMs, signal })
    } catch {
      // Gone, too busy, or of another version: the same for a reader.
      return undefined
    }
  }
}

/** How much a log goes on after these offsets. One that is closed, with all of it told, has the news that it has ended. */
function moreIn({ sizes, closed }: LogPage, from: LogSizes): number {
  const bytes = (['stdout', 'stderr'] as const).reduce(
    // What is not wanted is asked for beyond every end.
    (sum, stream) => sum + Math.max(0, sizes[stream] - from[stream]),
    0,
  )
  return bytes + (closed ? 1 : 0)
}
