import type { LogFolder } from '@skyclaw/output-log'
import {
  formatLogPlace,
  type JobRecord,
  type LogAttempt,
  type LogChunk,
  type LogEnd,
  type LogPlace,
  type LogStream,
  logStreams,
} from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import type { ServerEvent } from '../http/event-stream.ts'
import { AttemptPages } from './attempt-pages.ts'
import type { Bells } from './bells.ts'
import { type AttemptCourse, courseOf, type LogCourse, resultOf } from './log-course.ts'
import type { LogPeers } from './log-peers.ts'
import { tellAttempt } from './tell-attempt.ts'

export interface LogSources {
  readonly folder: LogFolder
  readonly arrivals: Bells
  readonly peers: LogPeers
  /** A job by its id, by way of `duplicateOf`. */
  readonly job: (id: string) => Promise<JobRecord>
  /** Rings by the id of a job when it has changed. */
  readonly changes: Bells
  readonly clock: Clock
}

export interface TellLogOptions {
  readonly id: string
  readonly follow: boolean
  /** This attempt only. */
  readonly attempt: number | undefined
  /** This stream only. */
  readonly stream: LogStream | undefined
  /** Where the reader is; undefined at the beginning. */
  readonly from: LogPlace | undefined
  /** Aborted when the reader is gone or the coordinator closes: then nothing more is told, and no end. */
  readonly signal: AbortSignal
}

/** How often a job is read again that nothing was heard of. */
const lookAgainMs = 5_000

type LogEvent =
  | { readonly event: 'attempt'; readonly data: LogAttempt }
  | { readonly event: 'chunk'; readonly data: LogChunk }
  | { readonly event: 'end'; readonly data: LogEnd }

/** The output of a job, attempt after attempt, as events. One event is made when the one before was taken. */
export async function* tellLog(sources: LogSources, options: TellLogOptions): AsyncGenerator<ServerEvent, void, void> {
  const place = options.from ?? { attempt: options.attempt ?? 1, stdout: 0, stderr: 0 }
  const toEvent = ({ event, data }: LogEvent): ServerEvent => ({ id: formatLogPlace(place), event, data })
  let complete = true
  // A reader that comes back was told of its attempt.
  let announced = options.from !== undefined
  for (let wanted = place.attempt; ; wanted += 1) {
    const course = await reachAttempt(sources, options, wanted)
    const current = course?.attempts.find(({ attempt }) => attempt === wanted)
    if (!course || !current) break
    if (!announced) {
      Object.assign(place, { attempt: wanted, stdout: 0, stderr: 0 })
      yield toEvent({ event: 'attempt', data: announce(current) })
    }
    announced = false
    const chunks = tellOne(sources, options, { ...place })
    let told = await chunks.next()
    for (; !told.done; told = await chunks.next()) {
      place[told.value.stream] = told.value.offset + told.value.bytes
      yield toEvent({ event: 'chunk', data: told.value })
    }
    complete &&= told.value
    const isLast = options.attempt !== undefined || (!options.follow && wanted === course.attempts.length)
    if (isLast || options.signal.aborted) break
  }
  if (options.signal.aborted) return
  const { status, ended } = await courseNow(sources, options.id)
  const over = ended || options.attempt !== undefined
  yield toEvent({ event: 'end', data: { status, complete: complete && over } })
}

function announce({ attempt, hostId, startedAt }: AttemptCourse): LogAttempt {
  return { attempt, hostId, startedAt: new Date(startedAt).toISOString() }
}

async function courseNow(sources: LogSources, id: string): Promise<LogCourse> {
  return courseOf(await sources.job(id))
}

/** Waits until the attempt has begun, if that is to be. Undefined when it never will, or the signal is aborted. */
async function reachAttempt(
  sources: LogSources,
  { id, follow, signal }: TellLogOptions,
  attempt: number,
): Promise<LogCourse | undefined> {
  while (!signal.aborted) {
    const course = await courseNow(sources, id)
    const begun = course.attempts.some((entry) => entry.attempt === attempt)
    if (begun) return course
    if (!follow || course.ended) return undefined
    await sources.changes.next(course.jobId, AbortSignal.any([signal, AbortSignal.timeout(lookAgainMs)]))
  }
  return undefined
}

/** Tells one attempt, from a place in it. */
async function* tellOne(
  sources: LogSources,
  { id, follow, stream, signal }: TellLogOptions,
  place: LogPlace,
): AsyncGenerator<LogChunk, boolean, void> {
  const { attempt } = place
  // Of a job that gave way to another, the log is that of the job that stands.
  const jobId = (await sources.job(id)).id
  const none = { over: true, superseded: false, finishedAt: undefined }
  return yield* tellAttempt({
    ...{ attempt, follow, signal, from: place, clock: sources.clock },
    pages: new AttemptPages(sources, { jobId, attempt }),
    streams: stream ? [stream] : logStreams,
    course: async () => (await courseNow(sources, jobId)).attempts.find((entry) => entry.attempt === attempt) ?? none,
    result: async () => resultOf(await sources.job(jobId), attempt),
    news: (ends) => sources.changes.next(jobId, ends),
  })
}
