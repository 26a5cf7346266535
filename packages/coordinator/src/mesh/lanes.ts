import { ProblemError } from '@skyclaw/protocol'
import type { ChangeResult, Step } from './mesh.ts'
import type { Operation } from './operation.ts'
import { PassingMap, PassingSet } from './passing-map.ts'

/** Operations in order: of those on one record, one at a time. */
export class Lanes {
  readonly #lanes = new PassingMap<string, Operation[]>()
  readonly #pumping = new PassingSet<string>()
  readonly #active = new PassingSet<Operation>()
  /** How many are under way or wait of which a caller wants the result. */
  #awaited = 0
  readonly #maxAwaited: number
  readonly #begin: (step: Step, operation: Operation) => void

  constructor(maxAwaited: number, begin: (step: Step, operation: Operation) => void) {
    this.#maxAwaited = maxAwaited
    this.#begin = begin
  }

  /** Those that have begun and not ended. */
  get active(): Pick<PassingSet<Operation>, 'size' | typeof Symbol.iterator> {
    return this.#active
  }

  has(lane: string): boolean {
    return this.#lanes.has(lane)
  }

  /** One that a caller waits for is refused when there are too many; what the mesh does of itself is limited where it begins. */
  add(step: Step, operation: Operation): void {
    const { done } = operation.request
    if (done && this.#awaited >= this.#maxAwaited) {
      const detail = `${this.#maxAwaited} changes are under way or wait`
      const error = new ProblemError('too_busy', detail, { outcome: 'not_applied' })
      return step.after(() => done({ ok: false, error }))
    }
    if (done) this.#awaited += 1
    const lane = this.#lanes.get(operation.lane)
    if (lane) return void lane.push(operation)
    this.#lanes.set(operation.lane, [operation])
    this.#pump(step, operation.lane)
  }

  /** Ends the first operation of its lane, tells who waits for it, and begins the next. */
  end(step: Step, operation: Operation, result: ChangeResult): void {
    operation.over = true
    this.#active.delete(operation)
    const { done, atEnd } = operation.request
    if (done) {
      this.#awaited -= 1
      step.after(() => done(result))
    }
    const lane = this.#lanes.get(operation.lane)!
    lane.shift()
    if (lane.length === 0) this.#lanes.delete(operation.lane)
    else this.#pump(step, operation.lane)
    atEnd?.(step, result)
  }

  /** A loop, not a recursion: many may wait for a record that needs no round any more. */
  #pump(step: Step, lane: string): void {
    if (this.#pumping.has(lane)) return
    this.#pumping.add(lane)
    try {
      for (;;) {
        const operation = this.#lanes.get(lane)?.[0]
        if (!operation || this.#active.has(operation)) break
        this.#active.add(operation)
        this.#begin(step, operation)
      }
    } finally {
      this.#pumping.delete(lane)
    }
  }
}
