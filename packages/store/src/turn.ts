/**
 * Group commit. Inputs wait in a queue; when the event loop has taken in what the network brought, all that wait run in one
 * transaction, in order, and one fsync makes them durable together. Only then does anything leave: the effects that the inputs left
 * behind, then their answers. What arrives meanwhile is the next turn.
 *
 * A turn of which nothing depends on its being durable, as its inputs say, spares the fsync: it survives the end of the process, and
 * lasts through a power failure once a later turn was made durable. Turns are lost from the end only, never one from between.
 *
 * The database and the caller's memory stay in step by one rule: an input that fails before it has written anything fails
 * alone; when one fails later, or the commit does, memory may hold what the disk does not, and nothing runs after it.
 */
import { systemCode, TurnsBusy, TurnsClosed, TurnsFailed } from './errors.ts'
import type { Store } from './open.ts'
import { OpenTurn } from './open-turn.ts'
import { prepareTurnStatements, type TurnStatements } from './turn-statements.ts'

/** What an input may do besides reading and writing the database. Valid only while the input runs. */
export interface Turn {
  /** The number this turn has if it writes anything. */
  readonly number: number
  /** Calls `effect` after this turn's commit, in the order of the calls. Dropped when the input fails. */
  afterCommit(effect: () => void): void
  /**
   * Says that memory has changed in a way that only this turn's commit makes true, so that an error from here on is fatal. Rows
   * that change need no call: they are counted, those that wait in a write buffer too.
   */
  wrote(): void
  /**
   * Says that what this input writes may be lost in a power failure although its effects and its answer have left, save for the lasting
   * writes of the buffers.
   */
  defer(): void
  /** Says that its effects or its answer tell of what this turn or an earlier one has written: all of it is made durable before. */
  settle(): void
}

export interface TurnsOptions {
  /** Called once when memory may be ahead of the disk. The process has to end; every later input is refused. */
  onFatal: (error: TurnsFailed) => void
  /** Inputs that one turn takes at most, by their weight; the others are the next turn. Default 1,024. */
  maxInputs?: number
  /** Inputs that wait at most, by their weight; one more is refused with TurnsBusy. Default 65,536. */
  maxWaiting?: number
  /** Runs the next turn soon. Default setImmediate. */
  schedule?: (run: () => void) => void
}

export interface Turns {
  /**
   * Runs `work` in the next turn and answers what it returned once that is durable. `work` is synchronous. Rejects with what it
   * threw before writing, with TurnsBusy or TurnsClosed (it did not run), or with TurnsFailed (it may be durable or not).
   *
   * @param weight how many usual inputs the work stands for, default 1
   */
  run<T>(work: (turn: Turn) => T, weight?: number): Promise<T>
  /** The number of the last turn that is durable. It never goes back and counts on over restarts. */
  readonly number: number
  /** Inputs that wait for their turn, by their weight. */
  readonly waiting: number
  /** Makes durable what the turns so far have written. Throws TurnsFailed when that cannot be done, or was not before. */
  settle(): void
  /** Refuses new inputs, and resolves when those that wait have been run. */
  close(): Promise<void>
}

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

class GroupCommit implements Turns {
  /** Of the last turn that was written, and of the last that is durable. */
  #written: number
  #number: number
  #waiting: Input[] = []
  #waitingWeight = 0
  #scheduled = false
  #closed = false
  #failure: TurnsFailed | undefined
  #whenIdle: (() => void)[] = []
  readonly #store: Store
  readonly #options: Required<TurnsOptions>
  readonly #statements: TurnStatements

  constructor(store: Store, options: TurnsOptions) {
    this.#store = store
    this.#options = { maxInputs: 1_024, maxWaiting: 65_536, schedule: setImmediate, ...options }
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
    const inputs = this.#takeWaiting()
    if (inputs.length > 0) this.#take(inputs)
    this.#scheduled = false
    if (this.#waiting.length > 0) this.#scheduleNext()
    else for (const resolve of this.#whenIdle.splice(0)) resolve()
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

  #take(inputs: readonly Input[]): void {
    const turn = new OpenTurn(this.#written + 1)
    try {
      if (!this.#begin(inputs)) return
      const written = this.#work(turn, inputs)
      turn.over = true
      if (written) this.#statements.writeNumber(turn.number)
      this.#statements.commit.run()
      if (written) this.#written = turn.number
      if (turn.isLasting && this.#number !== this.#written) this.#sync()
    } catch (error) {
      turn.over = true
      this.#fail(error, inputs)
      return
    }
    this.#release(turn, inputs)
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
      for (const input of inputs) input.reject(busy)
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

  #release(turn: OpenTurn, inputs: readonly Input[]): void {
    const errors: unknown[] = []
    for (const effect of turn.effects) {
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

  /** The promises' reactions run after `onFatal`, so it may still keep every answer from leaving. */
  #fail(error: unknown, inputs: readonly Input[]): TurnsFailed {
    const failure = new TurnsFailed(this.#store.path, error)
    this.#failure = failure
    try {
      if (this.#store.sqlite.inTransaction) this.#statements.rollback.run()
    } catch {
      // The disk is in trouble, and the transaction ends with the process.
    }
    for (const input of inputs) input.reject(failure)
    for (const input of this.#waiting.splice(0)) input.reject(failure)
    this.#waitingWeight = 0
    this.#options.onFatal(failure)
    return failure
  }
}

/** Errors of the disk or of SQLite itself, after which a transaction cannot be trusted, whether they were met reading or writing. */
function isDiskError(error: unknown): boolean {
  return /^SQLITE_(FULL|IOERR|CORRUPT|NOTADB|READONLY|CANTOPEN|NOMEM|PROTOCOL)/.test(systemCode(error) ?? '')
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
