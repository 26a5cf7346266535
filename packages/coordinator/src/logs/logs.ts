/**
 * The output of jobs, as it comes and afterwards.
 *
 * Whoever takes a piece of an attempt's log keeps it in files of its own (`@skyclaw/output-log`), beside the ledger. The host sends all pieces
 * to one coordinator while that one answers, then goes on at another: so one of them has most, the holder. A log that is closed is copied to
 * as many others as a record would have.
 *
 * A reader may ask any coordinator. It tells what it has itself, and asks the others for what it has not: who has most (a question about
 * sizes), then that one, page after page, each answered as soon as there is something. What was told is named by offsets, so every step can be
 * repeated, with anybody.
 */
import { type AttemptLog, LogClosedError, LogGapError, type LogFolder, type LogSizes } from '@skyclaw/output-log'
import {
  type BodyOf,
  type LogPlace,
  type ParamsOf,
  parseLogPlace,
  ProblemError,
  type QueryOf,
  type Routes,
} from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import type { EventSource } from '../http/event-stream.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import type { PeerNetwork } from '../runtime/peer-network.ts'
import type { ResolvedOptions } from '../options.ts'
import { logBell } from './attempt-pages.ts'
import { Bells } from './bells.ts'
import { LogCopies } from './copies.ts'
import { LogFences } from './fences.ts'
import { courseOf } from './log-course.ts'
import { isNews, type LogPage, readPage, toWire, type WirePage } from './log-page.ts'
import { LogPeers } from './log-peers.ts'
import { LogPruner } from './prune-logs.ts'
import { type LogSources, tellLog } from './tell-log.ts'

export interface LogsOptions {
  readonly folder: LogFolder
  readonly ledger: Ledger
  readonly queue: Pick<JobQueue, 'record'>
  readonly network: PeerNetwork
  readonly clock: Clock
  readonly log: Log
  readonly options: Pick<ResolvedOptions, 'token' | 'maxLogsBytes' | 'maxFollowers' | 'maxWaitingReads'>
}

type Put = ParamsOf<Routes['putLog']> & QueryOf<Routes['putLog']>
type End = ParamsOf<Routes['closeLog']> & BodyOf<Routes['closeLog']>
type Page = ParamsOf<Routes['readLogPage']> & QueryOf<Routes['readLogPage']>
type Tell = ParamsOf<Routes['readLogs']> & QueryOf<Routes['readLogs']> & { readonly lastEventId: string | undefined }

/** Codes of a disk that takes no more. */
const diskFull = ['ENOSPC', 'EDQUOT', 'EFBIG']

export class Logs {
  readonly pruner: LogPruner
  readonly #options: LogsOptions
  readonly #fences: LogFences
  readonly #peers: LogPeers
  readonly #copies: LogCopies
  readonly #sources: LogSources
  readonly #arrivals = new Bells()
  readonly #closing = new AbortController()
  readonly #unwatch: () => void
  #followers = 0
  #waiting = 0

  constructor(parts: LogsOptions) {
    const { folder, ledger, queue, network, clock, log, options } = parts
    this.#options = parts
    this.#fences = new LogFences(ledger)
    this.#peers = new LogPeers(network, options.token)
    const { signal: closing } = this.#closing
    const { minReplications, warnings } = network
    this.#copies = new LogCopies({ peers: this.#peers, minReplications, warnings, closing })
    this.pruner = new LogPruner(folder, ledger, options.maxLogsBytes, log)
    const changes = new Bells()
    this.#unwatch = ledger.watch((value) => {
      if (value.kind === 'job') changes.ring(value.id)
    })
    const job = (id: string) => queue.record(id)
    this.#sources = { folder, arrivals: this.#arrivals, peers: this.#peers, job, changes, clock }
  }

  /** Appends to the log of an attempt, and answers its size. Throws `invalid_request`, `log_gap`, `log_closed`, and what the fence says. */
  async put({ id, attempt, stream, hostId, offset, gap }: Put, bytes: Uint8Array): Promise<{ size: number }> {
    if (offset > Number.MAX_SAFE_INTEGER - bytes.byteLength) {
      const detail = `a stream has at most ${Number.MAX_SAFE_INTEGER} bytes`
      throw new ProblemError('invalid_request', detail, { field: 'offset' })
    }
    await this.#fences.check({ id, attempt, hostId })
    const name = { jobId: id, attempt }
    return this.#onDisk(async () => {
      const log = await this.#options.folder.open(name)
      const size = await log.append(stream, offset, bytes, { gap: gap === 1 })
      this.#arrivals.ring(logBell(name))
      return { size }
    })
  }

  /** Ends the log of an attempt, and answers how many coordinators have all of it, this one included. */
  async end({ id, attempt, hostId, stdout, stderr, copy }: End): Promise<{ copies: number }> {
    await this.#fences.check({ id, attempt, hostId })
    const name = { jobId: id, attempt }
    const log = await this.#onDisk(async () => {
      const opened = await this.#options.folder.open(name)
      await opened.close({ stdout, stderr })
      this.#arrivals.ring(logBell(name))
      return opened
    })
    return { copies: copy ? 1 : 1 + (await this.#copies.make(log, hostId)) }
  }

  /** What is here of a log from these offsets on. With `waitMs`, waits until there is something. */
  async page({ id, attempt, stdout, stderr, waitMs = 0 }: Page, signal: AbortSignal): Promise<WirePage> {
    const from = { stdout, stderr }
    const name = { jobId: id, attempt }
    const page = await readPage(await this.#options.folder.find(name), from)
    if (waitMs === 0 || isNews(page, from)) return toWire(page)
    const { maxWaitingReads } = this.#options.options
    if (this.#waiting >= maxWaitingReads) {
      throw new ProblemError('too_busy', `${maxWaitingReads} callers wait for output already`)
    }
    this.#waiting += 1
    try {
      const ends = AbortSignal.any([signal, this.#closing.signal, AbortSignal.timeout(waitMs)])
      return toWire(await this.#waitForPage(name, from, ends))
    } finally {
      this.#waiting -= 1
    }
  }

  /**
   * The output of a job as events. Throws `not_found` for a job or attempt that is not there, `invalid_request` for a `Last-Event-ID` that
   * is none, and `too_busy` beyond `maxFollowers`.
   */
  async tell({ id, follow, attempt, stream, lastEventId }: Tell, gone: AbortSignal): Promise<EventSource> {
    const job = await this.#options.queue.record(id)
    const from = lastEventId === undefined ? undefined : placeOf(lastEventId)
    const { attempts, ended } = courseOf(job)
    if (attempt !== undefined && (ended || follow !== 1) && !attempts.some((entry) => entry.attempt === attempt)) {
      throw new ProblemError('not_found', `job ${job.id} has no attempt ${attempt}`)
    }
    if (from && attempt !== undefined && from.attempt !== attempt) {
      throw new ProblemError('invalid_request', `Last-Event-ID is of attempt ${from.attempt}, not ${attempt}`, idField)
    }
    if (from && ended && from.attempt > attempts.length) {
      throw new ProblemError('invalid_request', `Last-Event-ID is of attempt ${from.attempt}, which never was`, idField)
    }
    const { maxFollowers } = this.#options.options
    if (this.#followers >= maxFollowers)
      throw new ProblemError('too_busy', `${maxFollowers} readers follow logs already`)
    this.#followers += 1
    const { signal: closing } = this.#closing
    const signal = AbortSignal.any([gone, closing])
    const events = tellLog(this.#sources, { id, follow: follow === 1, attempt, stream, from, signal })
    return { events, closing, ended: () => void (this.#followers -= 1) }
  }

  /** Ends the connections to coordinators that are gone for good. */
  async tidy(): Promise<void> {
    await this.#peers.tidy()
  }

  /** Ends readers and whoever waits. */
  stopWaiting(): void {
    this.#closing.abort()
    this.#unwatch()
    this.#fences.close()
  }

  async close(): Promise<void> {
    this.stopWaiting()
    await this.#peers.end()
    await this.#options.folder.close()
  }

  async #waitForPage(name: { jobId: string; attempt: number }, from: LogSizes, signal: AbortSignal): Promise<LogPage> {
    for (;;) {
      const log = await this.#options.folder.find(name)
      const page = await readPage(log, from)
      if (isNews(page, from) || signal.aborted) return page
      if (log && isLater(log, page)) continue
      await (log ? log.changed(signal) : this.#arrivals.next(logBell(name), signal))
    }
  }

  async #onDisk<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      throw this.#toProblem(error)
    }
  }

  #toProblem(error: unknown): unknown {
    if (error instanceof LogGapError)
      return new ProblemError('log_gap', error.message, { expectedOffset: error.expected })
    if (error instanceof LogClosedError) return new ProblemError('log_closed', error.message)
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || !diskFull.includes(code)) return error
    this.#options.network.warnings.warn(
      'logs: disk full',
      { err: error },
      'output is not taken: the disk for logs is full',
    )
    return new ProblemError('too_busy', 'the disk for logs is full')
  }
}

const idField = { field: 'Last-Event-ID' }

function placeOf(text: string): LogPlace {
  const place = parseLogPlace(text)
  if (place && place.attempt > 0) return place
  throw new ProblemError('invalid_request', 'Last-Event-ID must be the id of an event of this log', idField)
}

/** Whether the log went on while the page was read. */
function isLater({ sizes, closed }: AttemptLog, page: LogPage): boolean {
  return closed !== page.closed || sizes.stdout !== page.sizes.stdout || sizes.stderr !== page.sizes.stderr
}
