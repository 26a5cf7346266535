/** Something that is over at its deadline, on the clock of `performance.now()`. */
export interface Dated {
  readonly deadline: number
  expire(): void
}

/** Ends what has come to its deadline. All of it takes the same time, so that what came first is due first and one timer will do. */
export class Deadlines<T extends Dated> {
  readonly #pending = new Set<T>()
  #timer: NodeJS.Timeout | undefined

  add(item: T): void {
    this.#pending.add(item)
    this.#timer ??= setTimeout(this.#look, item.deadline - performance.now()).unref()
  }

  delete(item: T): void {
    this.#pending.delete(item)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  readonly #look = (): void => {
    this.#timer = undefined
    const now = performance.now()
    for (const item of this.#pending) {
      if (item.deadline > now) {
        this.#timer = setTimeout(this.#look, Math.max(1, item.deadline - now)).unref()
        return
      }
      this.#pending.delete(item)
      item.expire()
    }
  }
}
