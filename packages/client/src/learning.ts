import type { ResponseOf, Routes } from '@skyclaw/protocol'

export interface LearningOptions {
  /** Asks the network. Its rejection is no news. */
  ask(): Promise<ResponseOf<Routes['listPeers']>>
  /** Takes the URLs of the coordinators that are alive. */
  take(urls: string[]): void
  /** Milliseconds between the first use of the client and the question. */
  afterMs: number
  /** Milliseconds between two questions at least. */
  everyMs: number
}

/**
 * Learns the coordinators while a client is in use: once it has been used for `afterMs`, and then at most once in `everyMs`. A program
 * that makes a call and ends asks nothing, and neither does an idle client; the timer keeps no process alive.
 */
export class Learning {
  readonly #options: LearningOptions
  #timer: NodeJS.Timeout | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(options: LearningOptions) {
    this.#options = options
  }

  /** A call was answered. */
  used(): void {
    if (this.#timer || this.#isClosed) return
    const { afterMs, everyMs } = this.#options
    const waitMs = Math.max(afterMs, this.#askedAt + everyMs - performance.now())
    this.#timer = setTimeout(() => void this.#learn(), waitMs).unref()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #learn(): Promise<void> {
    this.#askedAt = performance.now()
    try {
      this.#options.take(aliveUrls(await this.#options.ask()))
    } catch {
      // The next use tries again, everyMs later.
    } finally {
      this.#timer = undefined
    }
  }
}

/** The answerer itself and the members that it calls alive and whose URL it has verified. */
function aliveUrls({ self, peers }: ResponseOf<Routes['listPeers']>): string[] {
  const alive = peers.filter(
    ({ state, ready, troubles }) => state === 'alive' && ready !== false && !troubles?.includes('unverified'),
  )
  return [self, ...alive].map(({ url }) => url)
}
