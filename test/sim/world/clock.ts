import type { Dice } from '../../chaos/dice.ts'

/** Virtual time begins here on a clock that is right. */
export const epochMs = Date.UTC(2026, 0, 1)

export interface ClockPlan {
  /** Clocks run at a rate of 1 give or take so much. */
  readonly rateError: number
  /** The wall clock is off by at most so much, jumps included. */
  readonly wallErrorMs: number
}

/** The clocks of one machine: they run at a rate of their own, and the wall clock is off and jumps. */
export class Clock {
  readonly #plan: ClockPlan
  readonly #dice: Dice
  readonly #rate: number
  #offsetMs: number
  #bootedAt = 0
  #base = 0

  constructor(plan: ClockPlan, dice: Dice) {
    this.#plan = plan
    this.#dice = dice
    this.#rate = 1 + (dice.next() * 2 - 1) * plan.rateError
    this.#offsetMs = this.#randomOffset()
  }

  /** The monotonic clock begins anew with each process. */
  boot(now: number): void {
    this.#bootedAt = now
    this.#base = this.#dice.int(0, 5_000)
  }

  jump(): void {
    this.#offsetMs = this.#randomOffset()
  }

  /** Brings the wall clock near the right time, as a time service does. */
  correct(): void {
    this.#offsetMs /= 10
  }

  monotonic(now: number): number {
    return this.#base + (now - this.#bootedAt) * this.#rate
  }

  wall(now: number): number {
    return Math.floor(epochMs + now + this.#offsetMs)
  }

  #randomOffset(): number {
    return (this.#dice.next() * 2 - 1) * this.#plan.wallErrorMs
  }
}
