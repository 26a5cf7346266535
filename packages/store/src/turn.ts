import type { TurnsFailed } from './errors.ts'

/** What an input may do besides reading and writing the database. Valid only while the input runs. */
export interface Turn {
  /** The number this turn has if it writes anything. */
  readonly number: number
  /** Calls `effect` after this turn's commit, in the order of the calls. Dropped when the input fails. */
  afterCommit(effect: () => void): void
  /**
   * Calls `effect` after this turn's commit, but before its fsync. The inputs that it leads to before the process turns to anything
   * else have a turn of their own at once, and one fsync makes both durable. Nothing that tells of this turn may leave by it. Dropped
   * when the input fails.
   */
  beforeSync(effect: () => void): void
  /**
   * Calls `effect` after this turn's commit and a moment before its fsync, so that what it has others do goes on beside that. Only what
   * may leave whether or not the turn becomes durable; it must lead to nothing within the process. Dropped when the input fails.
   */
  whileSyncing(effect: () => void): void
  /** Says that what leaves by `whileSyncing`, of this turn and of one that it leads to, rests on this turn: it leaves after the fsync. */
  hold(): void
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
  /** Runs the fsync of a turn once that has got out which is to leave before it. Default setImmediate. */
  scheduleSync?: (run: () => void) => void
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
  /** Makes durable a turn that is committed and whose fsync comes in a moment: to be called before what it wrote is told. Throws as `settle` does. */
  settleOpen(): void
  /** Refuses new inputs, and resolves when those that wait have been run. */
  close(): Promise<void>
}
