import type { Clock } from '../clock.ts'

/** More than this are not held: then they are tried at once, and the one who loses takes its next candidate. */
const maxHeld = 65_536

/**
 * Queued jobs that this coordinator leaves alone for a moment: because others go before it, or because no quorum answered just now.
 * When that is over each is released, by a timer, so that somebody who waits here hears of it.
 */
export class HeldCandidates {
  readonly #clock: Clock
  readonly #release: (key: string) => void
  /** Monotonic milliseconds. */
  readonly #until = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(clock: Clock, release: (key: string) => void) {
    this.#clock = clock
    this.#release = release
  }

  /** Holds a candidate; answers false when too many are held already. */
  hold(key: string, ms: number): boolean {
    if (this.#stopped || (this.#until.size >= maxHeld && !this.#until.has(key))) return false
    const until = this.#clock.monotonic() + ms
    this.#until.set(key, until)
    if (until < this.#timerAt) this.#set(until)
    return true
  }

  /** Forgets a candidate without releasing it: it is none any more. */
  drop(key: string): void {
    this.#until.delete(key)
  }

  /** Milliseconds for which a candidate is still held; 0 when it is free. */
  leftMs(key: string): number {
    const until = this.#until.get(key)
    return until === undefined ? 0 : Math.max(0, until - this.#clock.monotonic())
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#until.clear()
  }

  #fire(): void {
    const now = this.#clock.monotonic()
    this.#timerAt = Number.POSITIVE_INFINITY
    const free: string[] = []
    let next = Number.POSITIVE_INFINITY
    for (const [key, until] of this.#until) {
      if (until <= now) free.push(key)
      else next = Math.min(next, until)
    }
    for (const key of free) this.#until.delete(key)
    if (Number.isFinite(next)) this.#set(next)
    for (const key of free) this.#release(key)
  }

  #set(at: number): void {
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, Math.ceil(at - this.#clock.monotonic())))
    this.#timer.unref()
  }
}
