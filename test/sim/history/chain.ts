import { type Content, type Contents, nothing } from './contents.ts'

/** The values that a record had, each decided from the one before, and the place of each. */
export class Chain {
  readonly #contents: Contents
  readonly #values: Content[] = [nothing]
  readonly #places = new Map<Content, number>([[nothing, 0]])

  constructor(contents: Contents) {
    this.#contents = contents
  }

  get last(): Content {
    return this.#values.at(-1)!
  }

  get lastPlace(): number {
    return this.#values.length - 1
  }

  placeOf(content: Content): number | undefined {
    return this.#places.get(content)
  }

  /** Whether a value is the last one or was decided from it. */
  leadsTo(content: Content): boolean {
    return this.#contents.path(this.last, content) !== undefined
  }

  /** Goes on to a value, over those that it was decided from on the way. False when it was not decided from the last one. */
  extend(content: Content): boolean {
    const path = this.#contents.path(this.last, content)
    for (const step of path ?? []) {
      this.#places.set(step, this.#values.length)
      this.#values.push(step)
    }
    return path !== undefined
  }

  /** What came after a place is undone. */
  cutAfter(place: number): void {
    for (const undone of this.#values.splice(place + 1)) this.#places.delete(undone)
  }
}
