/** A phase of a round that takes so long, in milliseconds, is nothing unusual. */
const usualMs = 100

/** The weight of the latest phase in what is measured. */
const weight = 0.1

const most = 10

/**
 * How long the others take to answer at present. Where all have so much to do that answers come later than they are waited for, those who
 * send again and begin anew would give each other ever more to do, and hardly anything would come to its end. So all such times are drawn
 * out by a factor.
 */
export class Pace {
  /** A moving average. */
  #phaseMs = 0

  /** A quorum has answered, after so many milliseconds. */
  took(ms: number): void {
    this.#phaseMs += weight * (ms - this.#phaseMs)
  }

  /** From 1 to 10. */
  get factor(): number {
    return Math.min(most, Math.max(1, this.#phaseMs / usualMs))
  }
}
