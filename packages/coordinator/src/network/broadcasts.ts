/** Times that each piece of news is passed on, for each power of ten of the members. */
const timesPerDecade = 4

/** News of members that is still to be passed on: the least told goes first, and each is told so often that all hear of it in all likelihood. */
export class Broadcasts {
  readonly #told = new Map<string, number>()

  /** There is news of a member: what was to be said of it before is said no more. */
  add(instance: string): void {
    this.#told.delete(instance)
    this.#told.set(instance, 0)
  }

  drop(instance: string): void {
    this.#told.delete(instance)
  }

  /** Members of whom to tell with one message to one of so many members. */
  take(max: number, members: number): string[] {
    const times = timesPerDecade * Math.ceil(Math.log10(members + 1))
    const chosen = [...this.#told].toSorted(([, a], [, b]) => a - b).slice(0, max)
    for (const [instance, told] of chosen) {
      if (told + 1 >= times) this.#told.delete(instance)
      else this.#told.set(instance, told + 1)
    }
    return chosen.map(([instance]) => instance)
  }
}
