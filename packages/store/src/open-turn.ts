import type { Turn } from './turn.ts'

type Effect = () => void

/** The turn that is being taken, and what its inputs have said of it. */
export class OpenTurn implements Turn {
  readonly number: number
  readonly effects: Effect[] = []
  readonly early: Effect[] = []
  readonly aside: Effect[] = []
  over = false
  /** Calls of `wrote()`. */
  writes = 0
  /** Whether the input that runs may be lost in a power failure. */
  isDeferred = false
  /** Whether it has to be durable before anything leaves. */
  isLasting = false
  /** Whether what would leave beside the fsync waits for it. */
  isHeld = false

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

  whileSyncing(effect: Effect): void {
    this.#assertOpen()
    this.aside.push(effect)
  }

  hold(): void {
    this.isHeld = true
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

  /** Lets leave what goes on beside the fsync; once. */
  leaveAside(): void {
    for (const effect of this.aside.splice(0)) effect()
  }

  #assertOpen(): void {
    if (this.over) throw new Error('an effect was left when the turn was over')
  }
}
