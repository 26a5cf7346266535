/** Rounds in a row that went wrong, as far as they count. */
const maxScore = 8

/**
 * How far this coordinator trusts its own judgement (Lifeguard's local health): each probe that fails, and each time it is itself taken
 * for dead, speaks for its being slow or cut off; each answer speaks against. The slower it may be, the more time it gives to others.
 */
export class Awareness {
  #score = 0

  worse(by = 1): void {
    this.#score = Math.min(maxScore, this.#score + by)
  }

  better(): void {
    this.#score = Math.max(0, this.#score - 1)
  }

  /** A time that is given to others, in the unit of the argument. */
  scale(time: number): number {
    return time * (this.#score + 1)
  }
}
