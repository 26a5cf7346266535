import type { Ballot } from '@skyclaw/protocol'
import type { Step } from './mesh.ts'
import type { MeshStore } from './store.ts'

/** Numbers that one write to the store makes available. */
const block = 1_000

/**
 * Gives every ballot of this instance, to prepare with and to go on with, from one durable count: a number is used once, ever. The store
 * holds a bound that no number given so far reaches; after a restart the count goes on from the bound.
 */
export class BallotCounter {
  #next: number
  #bound: number
  readonly #store: MeshStore
  readonly #self: string

  constructor(store: MeshStore, self: string) {
    this.#store = store
    this.#self = self
    this.#bound = store.counter('ballot')
    // 0 is the ballot of a creation by the one possible creator.
    this.#next = Math.max(1, this.#bound)
  }

  take(step: Pick<Step, 'hold'>): Ballot {
    const n = this.#next
    this.#next += 1
    if (n >= this.#bound) {
      this.#bound = n + block
      this.#store.saveCounter('ballot', this.#bound)
      step.hold()
    }
    return { n, node: this.#self }
  }

  /** Takes note of another's number: the next one given is above it. */
  observe(n: number): void {
    if (n >= this.#next) this.#next = n + 1
  }

  /**
   * For the first value of a register that nobody else can have begun. A derived key is used again when its record is forgotten, and what
   * was said of the earlier record must not be taken for the later one: so that needs a ballot of its own. A register that is begun anew
   * by force would be begun once more by a coordinator that has lost this turn: so that must be durable before the others hear of it.
   */
  first(
    step: Pick<Step, 'hold'>,
    { keyFor, begins }: { readonly keyFor?: unknown; readonly begins?: boolean | undefined },
  ): Ballot {
    if (begins) step.hold()
    return keyFor === undefined ? { n: 0, node: this.#self } : this.take(step)
  }
}
