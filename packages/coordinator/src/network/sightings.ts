/**
 * Which process of each instance was seen, and its highest turn. An instance is a database: two processes of one instance, one of them
 * behind a turn that was seen before, are a database and its copy, and the copy has forgotten what the original promised.
 */
export interface Process {
  readonly instance: string
  /** Names the process. */
  readonly boot: string
  /** Its latest durable turn. */
  readonly turn: number
}

/** Instances that are remembered at most; the one that was seen longest ago is forgotten first. */
const maxInstances = 1_024

export class Sightings {
  readonly #seen = new Map<string, { readonly boot: string | undefined; readonly turn: number }>()

  /** @param turns highest turns seen by earlier processes of this coordinator, by instance */
  constructor(turns: Iterable<readonly [string, number]> = []) {
    for (const [instance, turn] of turns) this.#seen.set(instance, { boot: undefined, turn })
  }

  /** Notes a process that was heard. False when another process of its instance was ahead of it: then it is a copy that is behind. */
  see({ instance, boot, turn }: Process): boolean {
    const seen = this.#seen.get(instance)
    if (seen && seen.boot !== boot && turn < seen.turn) return false
    this.#seen.delete(instance)
    // What the same process sends may overtake itself.
    this.#seen.set(instance, { boot, turn: Math.max(turn, seen?.turn ?? 0) })
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > maxInstances && oldest !== undefined) this.#seen.delete(oldest)
    return true
  }

  /** The highest turn seen of an instance, 0 for none. */
  turnOf(instance: string): number {
    return this.#seen.get(instance)?.turn ?? 0
  }
}
