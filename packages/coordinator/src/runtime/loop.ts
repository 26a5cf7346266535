/** Before it is done out of turn, what made that necessary has arrived elsewhere too. */
const soonMs = 20

/** Between the end of one round and the start of the next, at least. */
const minPauseMs = 100

/** Does something again and again, once at a time, and out of turn when it is asked to. What is done must not reject. */
export class Loop {
  readonly #run: () => Promise<void>
  readonly #intervalMs: number
  #timer: NodeJS.Timeout | undefined
  #underway: Promise<void> | undefined
  #isSoon = false
  #endedAt = Number.NEGATIVE_INFINITY
  #stopped = true

  constructor(run: () => Promise<void>, intervalMs: number) {
    this.#run = run
    this.#intervalMs = intervalMs
  }

  start(): void {
    this.#stopped = false
    this.#next(0)
  }

  /** Has the next round come soon. */
  soon(): void {
    if (this.#isSoon) return
    this.#isSoon = true
    if (!this.#underway) this.#next(this.#soonest())
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#underway
  }

  #soonest(): number {
    return Math.max(soonMs, this.#endedAt + minPauseMs - performance.now())
  }

  #next(delayMs: number): void {
    clearTimeout(this.#timer)
    if (this.#stopped) return
    this.#timer = setTimeout(() => this.#begin(), delayMs)
    this.#timer.unref()
  }

  #begin(): void {
    this.#isSoon = false
    this.#underway = this.#run().finally(() => {
      this.#underway = undefined
      this.#endedAt = performance.now()
      this.#next(this.#isSoon ? this.#soonest() : this.#intervalMs)
    })
  }
}
