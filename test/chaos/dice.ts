/** Random choices that a seed repeats. Every actor has dice of its own, so that its choices do not depend on who acts when. */
export class Dice {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = this.#seed
  }

  /** Dice for one actor. */
  fork(name: string): Dice {
    let hash = this.#seed
    for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
    return new Dice(hash)
  }

  /** From [0, 1): mulberry32 (T. Ettinger, 2017). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(values: readonly T[]): T | undefined {
    return values[this.int(0, values.length - 1)]
  }

  name(): string {
    return `${this.int(0, 0xffff_ffff).toString(36)}${this.int(0, 0xffff_ffff).toString(36)}`
  }
}
