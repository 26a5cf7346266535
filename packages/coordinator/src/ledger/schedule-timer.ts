import type { Clock } from '../clock.ts'

/** Timers are set for at most this long, so that a wall clock that jumps is noticed. */
const maxDelayMs = 1_000

/** Calls `run` when the earliest of the times it was given has come. */
export class ScheduleTimer {
  readonly #clock: Clock
  readonly #run: () => Promise<void>
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(clock: Clock, run: () => Promise<void>) {
    this.#clock = clock
    this.#run = run
  }

  /** Asks for a call at a time in milliseconds since 1970; an earlier one that is set already stands. */
  at(time: number | null): void {
    if (time !== null && time < this.#at) this.reset(time)
  }

  /** Asks for a call at that time and no other; null for none. */
  reset(time: number | null): void {
    this.#at = time ?? Number.POSITIVE_INFINITY
    clearTimeout(this.#timer)
    if (time !== null) this.#set()
  }

  /** Whether the time has come, though the timer may not have fired yet. */
  isDue(): boolean {
    return this.#clock.now() >= this.#at
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #set(): void {
    this.#setIn(Math.min(maxDelayMs, Math.max(0, this.#at - this.#clock.now())))
  }

  #fire(): void {
    if (!this.isDue()) return this.#set()
    // The turns may be too busy for it now. What else can fail ends the coordinator, and with it the timer.
    this.#run().catch(() => this.#setIn(maxDelayMs))
  }

  #setIn(delayMs: number): void {
    clearTimeout(this.#timer)
    if (this.#stopped) return
    this.#timer = setTimeout(() => this.#fire(), delayMs)
    this.#timer.unref()
  }
}
