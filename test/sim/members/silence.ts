interface Span {
  readonly from: number
  to: number
}

/** When a coordinator could not be heard, in virtual time: by this it is judged whether others rightly took it for dead. */
export class Silence {
  readonly #spans: Span[] = []
  #open = false

  /** Notes that it can be heard from now on, or cannot. */
  note(heard: boolean, now: number): void {
    if (heard === !this.#open) return
    this.#open = !heard
    if (this.#open) this.#spans.push({ from: now, to: Number.POSITIVE_INFINITY })
    else this.#spans.at(-1)!.to = now
  }

  /** For how long (milliseconds) it was silent, all in all, in the last `windowMs`. */
  within(windowMs: number, now: number): number {
    let sum = 0
    for (let index = this.#spans.length - 1; index >= 0; index -= 1) {
      const { from, to } = this.#spans[index]!
      if (to < now - windowMs) break
      sum += Math.min(to, now) - Math.max(from, now - windowMs)
    }
    return sum
  }
}
