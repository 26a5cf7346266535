import type { AttemptLog, LogSizes } from '@skyclaw/output-log'
import { type LogStream, logStreams } from '@skyclaw/protocol'
import type { AttemptOutput } from '../run/attempt-output.ts'
import { PendingBytes } from './pending-bytes.ts'

/** Output is on disk after this time at the latest, however little it is. */
const flushEveryMs = 250
/** More than this is written at once, and its reader waits, as long as all of the stream is kept. */
const highWaterBytes = 256 * 1_024
/** Bytes that one append takes. */
const appendBytes = 256 * 1_024
/** Of a stream of which the middle is dropped anyway, not more than this is written each time: it is for those who follow it. */
const flushBytes = 512 * 1_024
/** What waits in memory of one stream, however much of it is kept. */
const maxPendingBytes = 4 * 1_048_576

export interface LiveLogOptions {
  /** Bytes kept of each stream, half and half of its beginning and its end. */
  readonly maxStreamBytes: number
  /** Makes the log, when there is something to write. */
  readonly open: () => Promise<AttemptLog>
  /** The first output is in the log. */
  readonly onOpen: (log: AttemptLog) => void
  /** The log cannot be written, and is not tried again. */
  readonly onFailure: (error: unknown) => void
}

/**
 * The output of a running attempt on its way into its log. Up to `maxStreamBytes` all of a stream gets there, at the pace of the
 * disk: the reader of the pipe waits. Beyond, the job is not held up: what the disk does not take in time is dropped, but for the
 * end, which is in memory. A log that cannot be written is given up, and the job goes on.
 */
export class LiveLog implements AttemptOutput {
  readonly #options: LiveLogOptions
  readonly #pending: Readonly<Record<LogStream, PendingBytes>>
  #log: AttemptLog | undefined
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  /** Nothing more is taken. */
  #isEnding = false
  /** Nothing more is written. */
  #isOver = false

  constructor(options: LiveLogOptions) {
    this.#options = options
    const tailBytes = options.maxStreamBytes - Math.floor(options.maxStreamBytes / 2)
    const ringBytes = Math.min(tailBytes, maxPendingBytes)
    this.#pending = { stdout: new PendingBytes(ringBytes), stderr: new PendingBytes(ringBytes) }
  }

  /** Bytes that came. */
  get sizes(): LogSizes {
    return { stdout: this.#pending.stdout.end, stderr: this.#pending.stderr.end }
  }

  write(stream: LogStream, bytes: Uint8Array): Promise<void> | undefined {
    if (this.#isEnding || this.#isOver || bytes.length === 0) return undefined
    const pending = this.#pending[stream]
    if (bytes.length > pending.room && this.#mustKeep(pending, bytes.length)) return this.#writeSlowly(pending, bytes)
    pending.push(bytes)
    if (pending.end <= this.#options.maxStreamBytes && pending.size > highWaterBytes) return this.#flush()
    this.#timer ??= setTimeout(() => void this.#flush(), flushEveryMs)
    return undefined
  }

  /** Writes what is left, and closes the log. It is there afterwards, with or without output; undefined when it was given up. */
  async end(): Promise<AttemptLog | undefined> {
    this.#isEnding = true
    while (!this.#isOver && this.#isPending) await this.#flush(Infinity)
    await this.#flushing
    if (this.#isOver) return undefined
    try {
      const log = (this.#log ??= await this.#options.open())
      await log.close(this.sizes)
      return log
    } catch (error) {
      this.#fail(error)
      return undefined
    } finally {
      this.#stop()
    }
  }

  /** Takes and writes nothing more. */
  async giveUp(): Promise<void> {
    this.#stop()
    await this.#flushing
  }

  /** Whether what is pending must not be pushed out by so many bytes: the head, and all of what is no longer than head and tail. */
  #mustKeep(pending: PendingBytes, bytes: number): boolean {
    const { maxStreamBytes } = this.#options
    return pending.start < Math.floor(maxStreamBytes / 2) || pending.end + bytes <= maxStreamBytes
  }

  async #writeSlowly(pending: PendingBytes, bytes: Uint8Array): Promise<void> {
    let left = bytes
    while (left.length > 0 && !this.#isOver) {
      if (pending.room === 0 && this.#mustKeep(pending, left.length)) await this.#flush()
      const part = this.#mustKeep(pending, left.length) ? left.subarray(0, pending.room) : left
      pending.push(part)
      left = left.subarray(part.length)
    }
    await this.#flush()
  }

  get #isPending(): boolean {
    return logStreams.some((stream) => this.#pending[stream].size > 0)
  }

  #flush(maxBytes = flushBytes): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushing ??= this.#append(maxBytes).finally(() => {
      this.#flushing = undefined
      if (this.#isPending && !this.#isOver) this.#timer ??= setTimeout(() => void this.#flush(), flushEveryMs)
    })
    return this.#flushing
  }

  async #append(maxBytes: number): Promise<void> {
    try {
      const opened = this.#log === undefined
      const log = (this.#log ??= await this.#options.open())
      for (const stream of logStreams) await this.#appendStream(log, stream, maxBytes)
      if (opened && !this.#isOver) this.#options.onOpen(log)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #appendStream(log: AttemptLog, stream: LogStream, maxBytes: number): Promise<void> {
    const pending = this.#pending[stream]
    let left = pending.end <= this.#options.maxStreamBytes ? pending.size : Math.max(maxBytes, this.#headLeft(pending))
    while (left > 0 && !this.#isOver) {
      const piece = pending.take(Math.min(left, appendBytes))
      if (!piece) return
      left -= piece.bytes.length
      await log.append(stream, piece.offset, piece.bytes, { gap: piece.offset > log.sizes[stream] })
    }
  }

  #headLeft({ start }: PendingBytes): number {
    return Math.floor(this.#options.maxStreamBytes / 2) - start
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#stop()
    this.#options.onFailure(error)
  }

  #stop(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
