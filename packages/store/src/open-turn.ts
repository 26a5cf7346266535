import type { Turn } from './turn.ts'

type Effect = () => void

/** The turn that is being taken, and what its inputs have said of it. */
export class OpenTurn implements Turn {
  readonly number: number
  readonly effects: Effect[] = []
  readonly early: Effect[] = []
  over = false
  /** Calls of `wrote()`. */
  writes = 0
  /** Whether the input that runs may be lost in a power failure. */
  isDeferred = false
  /** Whether it has to be durable before anything leaves. */
  isLasting = false

  constructor(number: number) {
    this.number = number
  }

  afterCommit(effect: Effect): void {
    this.#assertOpen()
    this.effects.push(effect)
  }

  beforeSync(effect: Effect): void {
    this.#assertOpen()
    this.early.push(effect)
  }

  wrote(): void {
    this.writes++
  }

  defer(): void {
    this.isDeferred = true
  }

  settle(): void {
    this.isLasting = true
  }

  #assertOpen(): void {
    if (this.over) throw new Error('an effect was left when the turn was over')
  }
}
