/** Members in a random order, each once before any comes again: so that whoever falls silent is noticed within a bounded time. */
export class Rotation {
  readonly #random: () => number
  #rest: string[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  /** The next ones, at most `count`, of those that `fits` takes. `all` is asked for when the round is over. */
  take(count: number, all: () => Iterable<string>, fits: (instance: string) => boolean): string[] {
    const taken: string[] = []
    let refilled = false
    while (taken.length < count) {
      const next = this.#rest.pop()
      if (next !== undefined) {
        if (fits(next) && !taken.includes(next)) taken.push(next)
        continue
      }
      if (refilled) break
      refilled = true
      this.#rest = shuffled([...all()], this.#random)
    }
    return taken
  }
}

export function shuffled<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const chosen = Math.floor(random() * (last + 1))
    ;[items[last], items[chosen]] = [items[chosen]!, items[last]!]
  }
  return items
}
