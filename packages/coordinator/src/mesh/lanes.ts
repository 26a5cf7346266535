import { ProblemError } from '@skyclaw/protocol'
import type { ChangeResult, Step } from './mesh.ts'
import type { Operation } from './operation.ts'
import { PassingMap, PassingSet } from './passing-map.ts'

interface Lane {
  readonly name: string
  /** The first is under way. */
  readonly operations: Operation[]
  isPumped: boolean
}

/** Operations in order: of those on one record, one at a time. */
export class Lanes {
  readonly #lanes = new PassingMap<string, Lane>()
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
    return (this.#lanes.get(lane)?.operations.length ?? 0) > 0
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
    const known = this.#lanes.get(operation.lane)
    if (known) return void known.operations.push(operation)
    const lane = { name: operation.lane, operations: [operation], isPumped: false }
    this.#lanes.set(lane.name, lane)
    this.#pump(step, lane)
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
    lane.operations.shift()
    this.#pump(step, lane)
    atEnd?.(step, result)
  }

  /** A loop, not a recursion: many may wait for a record that needs no round any more. */
  #pump(step: Step, lane: Lane): void {
    if (lane.isPumped) return
    lane.isPumped = true
    try {
      for (let next = lane.operations[0]; next && !this.#active.has(next); next = lane.operations[0]) {
        this.#active.add(next)
        this.#begin(step, next)
      }
    } finally {
      lane.isPumped = false
      if (lane.operations.length === 0) this.#lanes.delete(lane.name)
    }
  }
}
