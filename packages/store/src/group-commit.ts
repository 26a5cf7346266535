/**
 * Group commit. Inputs wait in a queue; when the event loop has taken in what the network brought, all that wait run in one
 * transaction, in order, and one fsync makes them durable together. Only then does anything leave: the effects that the inputs left
 * behind, then their answers. What arrives meanwhile is the next turn.
 *
 * A turn of which nothing depends on its being durable, as its inputs say, spares the fsync: it survives the end of the process, and
 * lasts through a power failure once a later turn was made durable. Turns are lost from the end only, never one from between.
 *
 * What a turn leads to within the process (`beforeSync`) has its turn before the fsync, which is then one for both. What rests on no
 * disk (`whileSyncing`) leaves before the fsync, which comes a round of the event loop later, when it has got out.
 *
 * The database and the caller's memory stay in step by one rule: an input that fails before it has written anything fails
 * alone; when one fails later, or the commit does, memory may hold what the disk does not, and nothing runs after it.
 */
import { isDiskError, systemCode, TurnsBusy, TurnsClosed, TurnsFailed } from './errors.ts'
import type { Store } from './open.ts'
import { OpenTurn } from './open-turn.ts'
import { prepareTurnStatements, type TurnStatements } from './turn-statements.ts'
import type { Turn, Turns, TurnsOptions } from './turn.ts'

/** Makes the turns of a store: one per store, which nobody else writes to. */
export function createTurns(store: Store, options: TurnsOptions): Turns {
  return new GroupCommit(store, options)
}

interface Input {
  readonly work: (turn: Turn) => unknown
  readonly weight: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  outcome: unknown
  refused: boolean
}

/** A turn that was committed, and is perhaps not durable. */
interface Taken {
  readonly turn: OpenTurn
  readonly inputs: readonly Input[]
}

class GroupCommit implements Turns {
  /** Of the last turn that was written, and of the last that is durable. */
  #written: number
  #number: number
  #waiting: Input[] = []
  #waitingWeight = 0
  #scheduled = false
  #closed = false
  /** Whether a turn was committed whose fsync comes in a moment. */
  #isEnding = false
  #failure: TurnsFailed | undefined
  #whenIdle: (() => void)[] = []
  readonly #store: Store
  readonly #options: Required<TurnsOptions>
  readonly #statements: TurnStatements

  constructor(store: Store, options: TurnsOptions) {
    this.#store = store
    const defaults = { maxInputs: 1_024, maxWaiting: 65_536, schedule: setImmediate, scheduleSync: setImmediate }
    this.#options = { ...defaults, ...options }
    this.#statements = prepareTurnStatements(store)
    this.#number = this.#written = this.#statements.readNumber()
  }

  get number(): number {
    return this.#number
  }

  get waiting(): number {
    return this.#waitingWeight
  }

  run<T>(work: (turn: Turn) => T, weight = 1): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#closed) return Promise.reject(new TurnsClosed())
    const { maxWaiting } = this.#options
    if (this.#waitingWeight >= maxWaiting) {
      return Promise.reject(new TurnsBusy(`${maxWaiting} inputs wait already`))
    }
    return new Promise<T>((resolve, reject) => {
      const settle = resolve as (value: unknown) => void
      this.#waiting.push({ work, weight, resolve: settle, reject, outcome: undefined, refused: false })
      this.#waitingWeight += weight
      this.#scheduleNext()
    })
  }

  settle(): void {
    if (this.#failure) throw this.#failure
    if (this.#number === this.#written) return
    try {
      this.#sync()
    } catch (error) {
      throw this.#fail(error, [])
    }
  }

  settleOpen(): void {
    if (this.#isEnding) this.settle()
  }

  close(): Promise<void> {
    this.#closed = true
    if (this.#waiting.length === 0 && !this.#scheduled) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  #scheduleNext(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#options.schedule(this.#next)
  }

  readonly #next = (): void => {
    const first = this.#take()
    if (first && first.turn.early.length > 0 && this.#mustSync(first)) this.#lead(first)
    else this.#end(first ? [first] : [])
  }

  /** Lets the turn lead to what it leads to within the process. All of that has come when no promise's reaction is left. */
  #lead(first: Taken): void {
    try {
      for (const effect of first.turn.early.splice(0)) effect()
    } catch (error) {
      this.#fail(error, [])
    }
    queueMicrotask(() => {
      process.nextTick(() => {
        const second = this.#take()
        this.#end(second ? [first, second] : [first])
      })
    })
  }

  /** What leaves beside the fsync has to get out before that holds up the process. */
  #end(taken: readonly Taken[]): void {
    if (this.#failure || !this.#leaveAside(taken)) return this.#finish(taken)
    this.#isEnding = true
    this.#options.scheduleSync(() => this.#finish(taken))
  }

  /** Whether anything has left, and an fsync is to come. */
  #leaveAside(taken: readonly Taken[]): boolean {
    const turns = taken.map(({ turn }) => turn)
    if (turns.some(({ isHeld }) => isHeld) || turns.every(({ aside }) => aside.length === 0)) return false
    try {
      for (const turn of turns) turn.leaveAside()
      return taken.some((one) => this.#mustSync(one))
    } catch (error) {
      this.#fail(error, [])
      return false
    }
  }

  #finish(taken: readonly Taken[]): void {
    this.#isEnding = false
    try {
      if (!this.#failure && taken.some((one) => this.#mustSync(one))) this.#sync()
      if (!this.#failure) for (const { turn } of taken) turn.leaveAside()
    } catch (error) {
      this.#fail(error, [])
    }
    for (const one of taken) this.#release(one)
    this.#scheduled = false
    if (this.#waiting.length > 0) this.#scheduleNext()
    else for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  #mustSync({ turn }: Taken): boolean {
    return turn.isLasting && this.#number !== this.#written
  }

  /** As many of those that wait as one turn takes; one at least. */
  #takeWaiting(): readonly Input[] {
    let inputs = this.#waiting
    let count = 0
    let weight = 0
    while (count < inputs.length && weight < this.#options.maxInputs) weight += inputs[count++]!.weight
    if (count === inputs.length) this.#waiting = []
    else inputs = inputs.splice(0, count)
    this.#waitingWeight -= weight
    return inputs
  }

  /** Runs those that wait and commits what they wrote. Nothing was taken when nobody waits, or nobody could have a turn. */
  #take(): Taken | undefined {
    const inputs = this.#takeWaiting()
    if (inputs.length === 0) return undefined
    const turn = new OpenTurn(this.#written + 1)
    try {
      if (!this.#begin(inputs)) return undefined
      const written = this.#work(turn, inputs)
      if (written) this.#statements.writeNumber(turn.number)
      this.#statements.commit.run()
      if (written) this.#written = turn.number
      return { turn, inputs }
    } catch (error) {
      this.#fail(error, inputs)
      return undefined
    } finally {
      turn.over = true
    }
  }

  #sync(): void {
    this.#store.sync()
    this.#number = this.#written
  }

  /** Refuses the inputs when another program holds the write lock: nothing has happened yet. */
  #begin(inputs: readonly Input[]): boolean {
    try {
      this.#statements.begin.run()
      return true
    } catch (error) {
      if (!systemCode(error)?.startsWith('SQLITE_BUSY')) throw error
      const busy = new TurnsBusy(`${this.#store.path} is being written by another program`, { cause: error })
      this.#refuse(inputs, busy)
      return false
    }
  }

  /** Runs the inputs in order; tells whether any row was written. Throws when the turn cannot stand. */
  #work(turn: OpenTurn, inputs: readonly Input[]): boolean {
    const { sqlite, buffers } = this.#store
    const { changes } = this.#statements
    const count = () => Number(changes.get()) - buffers.written + buffers.count
    const atStart = count()
    let before = atStart
    for (const input of inputs) {
      const effects = turn.effects.length
      const early = turn.early.length
      const aside = turn.aside.length
      const { writes } = turn
      const { lasting } = buffers
      turn.isDeferred = false
      try {
        input.outcome = input.work(turn)
        if (isThenable(input.outcome)) throw new TypeError('the work of a turn must not be asynchronous')
      } catch (error) {
        const wrote = turn.writes !== writes || count() !== before
        if (wrote || !sqlite.inTransaction || isDiskError(error)) throw error
        turn.effects.length = effects
        turn.early.length = early
        turn.aside.length = aside
        input.outcome = error
        input.refused = true
      }
      // SQLite ends the transaction by itself on some errors; an input that hid one must not let the next write outside of it.
      if (!sqlite.inTransaction) throw new Error('the transaction of the turn ended within an input')
      const after = count()
      if (turn.isDeferred ? buffers.lasting !== lasting : turn.writes !== writes || after !== before) turn.settle()
      before = after
    }
    buffers.flush()
    return turn.writes > 0 || before !== atStart
  }

  #release({ turn, inputs }: Taken): void {
    if (this.#failure) return this.#refuse(inputs, this.#failure)
    const errors: unknown[] = []
    for (const effect of [...turn.early, ...turn.effects]) {
      try {
        effect()
      } catch (error) {
        errors.push(error)
      }
    }
    for (const input of inputs) {
      if (input.refused) input.reject(input.outcome)
      else input.resolve(input.outcome)
    }
    if (errors.length > 0) this.#fail(errors[0], [])
  }

  #refuse(inputs: readonly Input[], reason: unknown): void {
    for (const input of inputs) input.reject(reason)
  }

  /** The promises' reactions run after `onFatal`, so it may still keep every answer from leaving. */
  #fail(error: unknown, inputs: readonly Input[]): TurnsFailed {
    const failure = new TurnsFailed(this.#store.path, error)
    this.#failure = failure
    try {
      if (this.#store.sqlite.inTransaction) this.#statements.rollback.run()
    } catch {
      // The disk is in trouble, and the transaction ends with the process.
    }
    this.#refuse(inputs, failure)
    this.#refuse(this.#waiting.splice(0), failure)
    this.#waitingWeight = 0
    this.#options.onFatal(failure)
    return failure
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
