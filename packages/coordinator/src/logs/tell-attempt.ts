import type { LogSizes } from '@skyclaw/output-log'
import { type LogChunk, type LogStream, logStreams, type ResultRecord } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import type { AttemptPages } from './attempt-pages.ts'
import type { AttemptCourse } from './log-course.ts'
import { beyond, type LogPage } from './log-page.ts'
import { resultPieces, type ResultUse, useOf } from './result-text.ts'
import { type TextPiece, TextPieces } from './text-pieces.ts'

export interface TellAttemptOptions {
  readonly attempt: number
  readonly pages: Pick<AttemptPages, 'next' | 'unanswered'>
  readonly streams: readonly LogStream[]
  /** Where the reader is. */
  readonly from: LogSizes
  /** Whether to wait for more. */
  readonly follow: boolean
  /** Aborted when the reader is gone or the coordinator closes. */
  readonly signal: AbortSignal
  /** How the attempt stands now. */
  readonly course: () => Promise<Pick<AttemptCourse, 'over' | 'finishedAt' | 'superseded'>>
  /** What the job ended with, if it ended with this attempt. Read anew each time: it is large. */
  readonly result: () => Promise<ResultRecord | undefined>
  /** Resolves when the job has changed, or the signal is aborted. */
  readonly news: (signal: AbortSignal) => Promise<void>
  readonly clock: Clock
}

/** One wait; then it is looked again who has the log. */
const roundMs = 5_000

/** When the attempt is over and its log is not complete, the rest is waited for so long. */
const lastWaitMs = 10_000

/** Nobody brings the rest of what was over so long ago. A minute of it is for clocks that differ. */
const longAgoMs = 70_000

/** Tells the output of one attempt. Answers whether all of it was told. */
export async function* tellAttempt(options: TellAttemptOptions): AsyncGenerator<LogChunk, boolean, void> {
  const { signal, course, follow, clock } = options
  const teller = new Teller(options)
  let giveUpAt = Number.POSITIVE_INFINITY
  let sawItRun = false
  while (!signal.aborted) {
    const { over, finishedAt, superseded } = await course()
    sawItRun ||= !over
    if (over) giveUpAt = Math.min(giveUpAt, clock.monotonic() + lastWaitMs)
    const use = over ? await teller.useOfResult() : 'useless'
    // What ran a moment ago is not long over, whatever the wall clocks say.
    const longOver = !sawItRun && finishedAt !== undefined && clock.now() - finishedAt > longAgoMs
    const settled = superseded || longOver
    const hopeless = () => !follow || use === 'whole' || (settled && !options.pages.unanswered)
    const leftMs = over ? Math.max(0, giveUpAt - clock.monotonic()) : Number.POSITIVE_INFINITY
    const page = await teller.nextPage(hopeless() ? 0 : Math.min(leftMs, roundMs))
    if (page) {
      yield* teller.tell(page)
      if (page.closed && page.pieces.length === 0) return true
      // Somebody still brings the rest.
      giveUpAt = Number.POSITIVE_INFINITY
      continue
    }
    if (over && (hopeless() || leftMs === 0)) {
      yield* use === 'useless' ? teller.rest() : teller.tellResult()
      return use === 'whole'
    }
    if (!follow) return false
  }
  return false
}

/** Knows how far the reader is. */
class Teller {
  readonly #options: TellAttemptOptions
  readonly #texts = { stdout: new TextPieces(), stderr: new TextPieces() }
  /** What was told: bytes that are held back are not in it. */
  readonly #told: Record<LogStream, number>
  /** What was read. */
  readonly #at: Record<LogStream, number>

  constructor(options: TellAttemptOptions) {
    const { from, streams } = options
    const at = (stream: LogStream) => (streams.includes(stream) ? from[stream] : beyond)
    this.#options = options
    this.#told = { ...from }
    this.#at = { stdout: at('stdout'), stderr: at('stderr') }
  }

  /** Waits until there is more, and no longer than until the job changes: then it is decided anew how long to wait. */
  async nextPage(waitMs: number): Promise<LogPage | undefined> {
    const { pages, news, signal } = this.#options
    const round = new AbortController()
    const ends = AbortSignal.any([signal, round.signal])
    if (waitMs > 0) void news(ends).then(() => round.abort())
    try {
      return await pages.next(this.#at, waitMs, ends)
    } finally {
      round.abort()
    }
  }

  *tell({ pieces, sizes, closed }: LogPage): Generator<LogChunk> {
    for (const { stream, offset, bytes } of pieces) {
      if (!this.#options.streams.includes(stream)) continue
      this.#at[stream] = offset + bytes.byteLength
      yield* this.#chunks(stream, this.#texts[stream].push(offset, bytes))
    }
    if (pieces.length > 0) return
    // What is missing before the sizes is missing for good.
    for (const stream of logStreams) this.#at[stream] = Math.max(this.#at[stream], sizes[stream])
    if (closed) yield* this.rest()
  }

  /** What is held back, since nothing follows. */
  *rest(): Generator<LogChunk> {
    for (const stream of logStreams) yield* this.#chunks(stream, this.#texts[stream].flush())
  }

  async useOfResult(): Promise<ResultUse> {
    const result = await this.#options.result()
    return result ? useOf(result, this.#told) : 'useless'
  }

  async *tellResult(): AsyncGenerator<LogChunk, void, void> {
    for (const stream of this.#options.streams) {
      for (;;) {
        const result = await this.#options.result()
        const pieces = result ? resultPieces(result, stream, this.#told[stream]) : []
        if (pieces.length === 0) break
        yield* this.#chunks(stream, pieces)
      }
    }
  }

  *#chunks(stream: LogStream, pieces: readonly TextPiece[]): Generator<LogChunk> {
    for (const piece of pieces) {
      this.#told[stream] = piece.offset + piece.bytes
      yield { attempt: this.#options.attempt, stream, ...piece }
    }
  }
}
