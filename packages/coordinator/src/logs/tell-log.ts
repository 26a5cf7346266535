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
import type { ServerEvent } from '../http/event-stream.ts'
import { AttemptPages } from './attempt-pages.ts'
import type { Bells } from './bells.ts'
import { courseOf, type LogCourse, resultOf } from './log-course.ts'
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
  readonly now: () => number
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
  let announced = options.from !== undefined
  let complete = true
  for (;;) {
    const course = await reachAttempt(sources, options, place.attempt)
    const current = course?.attempts.find(({ attempt }) => attempt === place.attempt)
    if (!current) break
    const { attempt, hostId, startedAt } = current
    const began = { attempt, hostId, startedAt: new Date(startedAt).toISOString() }
    if (!announced) yield toEvent({ event: 'attempt', data: began })
    announced = false
    const chunks = tellOne(sources, options, { ...place })
    for (;;) {
      const { done, value } = await chunks.next()
      if (done) {
        complete &&= value
        break
      }
      place[value.stream] = value.offset + value.bytes
      yield toEvent({ event: 'chunk', data: value })
    }
    if (options.signal.aborted) return
    if (options.attempt !== undefined) break
    const isLast = !options.follow && attempt === course!.attempts.length
    if (isLast) break
    place.attempt += 1
    place.stdout = 0
    place.stderr = 0
  }
  if (options.signal.aborted) return
  const { status, ended } = await courseNow(sources, options.id)
  const over = ended || options.attempt !== undefined
  yield toEvent({ event: 'end', data: { status, complete: complete && over } })
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

function tellOne(sources: LogSources, { id, follow, stream, signal }: TellLogOptions, place: LogPlace) {
  const { attempt } = place
  let jobId = id
  const read = async (): Promise<JobRecord> => {
    const job = await sources.job(id)
    jobId = job.id
    return job
  }
  // A job that gave way to another had no attempts: the log is that of the job that stands.
  const start = async () => new AttemptPages(sources, { jobId: (await read()).id, attempt })
  return (async function* () {
    return yield* tellAttempt({
      ...{ attempt, follow, signal, from: place, now: sources.now, pages: await start() },
      streams: stream ? [stream] : logStreams,
      course: async () =>
        courseOf(await read()).attempts.find((entry) => entry.attempt === attempt) ?? {
          over: true,
          finishedAt: undefined,
        },
      result: async () => resultOf(await read(), attempt),
      news: (ends) => sources.changes.next(jobId, ends),
    })
  })()
}
