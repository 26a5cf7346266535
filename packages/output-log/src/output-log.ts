import type { LogStream } from '@skyclaw/protocol'

/** Which log it is: one for each attempt of a job. */
export interface LogName {
  readonly jobId: string
  readonly attempt: number
}

/** Bytes of each stream. */
export type LogSizes = Readonly<Record<LogStream, number>>

/** Bytes that follow one another, at their offset in the stream. */
export interface StoredPiece {
  readonly stream: LogStream
  readonly offset: number
  readonly bytes: Uint8Array
}

export interface AppendOptions {
  /** What is missing between the size and the offset never comes. */
  readonly gap?: boolean
}

/** The log of one attempt, in files. Calls may overlap; they take effect in their order. */
export interface AttemptLog {
  readonly name: LogName
  /** Where each stream ends: what was left out counts too. */
  readonly sizes: LogSizes
  /** Whether nothing follows any more. */
  readonly closed: boolean
  /** Bytes of disk. */
  readonly storedBytes: number

  /**
   * Appends, and resolves with the stream's size. Bytes that are there already are passed by. Rejects with a `LogGapError` when
   * some before the offset are missing and no gap was declared, and with a `LogClosedError` when there is something new after
   * the close. Of a long stream only the head and the tail are kept.
   */
  append(stream: LogStream, offset: number, bytes: Uint8Array, options?: AppendOptions): Promise<number>

  /** What is stored from these offsets on, at most `maxBytes` of it, stdout first; nothing when there is no more. Where the middle was dropped, a piece begins later than asked. */
  read(from: LogSizes, maxBytes: number): Promise<StoredPiece[]>

  /** Ends the log, durably. Rejects with a `LogGapError` when the sizes are not those that were appended. Closing again changes nothing. */
  close(sizes: LogSizes): Promise<void>

  /** Resolves after the next append or close, or when the signal is aborted. */
  changed(signal?: AbortSignal): Promise<void>
}

/** All logs below one folder. One process at a time uses it. */
export interface LogFolder {
  /** The log of that name, made when there is none. */
  open(name: LogName): Promise<AttemptLog>
  /** The log of that name; undefined when there is none. */
  find(name: LogName): Promise<AttemptLog | undefined>
  /** All logs there are, oldest change first. */
  list(): LogName[]
  /** Removes a log and its files. */
  remove(name: LogName): Promise<void>
  /** Bytes of disk that all logs take together. */
  readonly storedBytes: number
  /** Finishes what is under way, then refuses. */
  close(): Promise<void>
}

export interface LogFolderOptions {
  /** Bytes kept of each stream: the first half of it from the beginning, the rest from the end. */
  readonly maxStreamBytes: number
}

/** Bytes before the offset are missing: `expected` is how many are stored. */
export class LogGapError extends Error {
  override readonly name = 'LogGapError'
  readonly expected: number

  constructor(expected: number) {
    super(`output before this offset is missing: ${expected} bytes are stored`)
    this.expected = expected
  }
}

/** The log has ended already, with less. */
export class LogClosedError extends Error {
  override readonly name = 'LogClosedError'
}
