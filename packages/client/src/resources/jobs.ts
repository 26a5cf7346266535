import type {
  BatchItem,
  BatchResult,
  EnqueueAnswer,
  Job,
  LogEnd,
  NewJob,
  Payload,
  QueryOf,
  Requirement,
  ResponseOf,
  Routes,
} from '@skyclaw/protocol'
import type { Call, CallOptions } from '../operation.ts'
import type { OutputChunk } from '../stream/log-reading.ts'
import type { LogOptions } from './follow-logs.ts'
import { waitForJob, type WaitOptions } from './wait-for-job.ts'

/** How a job is to be run. */
export interface JobSettings {
  /** Capabilities that the host must have, all of them. */
  requires?: readonly string[]
  /** Labels that the host must have, with these values. */
  labels?: Record<string, string>
  /** Higher runs first; default 0. */
  priority?: number
  /** Not before then. */
  runAt?: Date | string
  /** Tries that may fail by the job itself; default 1. */
  maxAttempts?: number
  /** Times its host may be lost; default 3. */
  maxLeaseLosses?: number
}

export type EnqueueOptions = JobSettings & CallOptions
export type BatchJob = JobSettings & { payload: Payload; idempotencyKey?: string }

export interface JobsResource {
  /**
   * Enqueues a job; it is durable when this resolves. Calls at the same time share requests, and each has an answer, a signal and a time
   * of its own.
   */
  enqueue(payload: Payload, options?: EnqueueOptions): Promise<Job>
  /** Enqueues up to 1,000 jobs, each wholly or not at all: one result each, in order. */
  enqueueBatch(jobs: readonly BatchJob[], options?: CallOptions): Promise<BatchResult[]>
  get(id: string, options?: CallOptions): Promise<Job>
  /** A page of jobs, newest first. */
  list(query?: QueryOf<Routes['listJobs']>, options?: CallOptions): Promise<ResponseOf<Routes['listJobs']>>
  /** Cancels: at once while the job is queued, through its host while it runs. */
  cancel(id: string, options?: CallOptions & { reason?: string }): Promise<Job>
  /**
   * Resolves with the job when it has ended, however it ended; waits through outages. Rejects with `WaitTimeoutError` after
   * `timeoutMs`, and with an outage's error when that lasted for `maxOutageMs`.
   */
  wait(id: string, options?: WaitOptions): Promise<Job>
  /**
   * The job's output, attempt after attempt, stdout and stderr as they came; with `follow`, until the job has ended. It goes on
   * through outages, each byte once. Returns, and tells `onEnd`, how it ended. Throws as a call does, and an outage's error when
   * that lasted for `maxOutageMs`.
   */
  logs(id: string, options?: LogOptions): AsyncGenerator<OutputChunk, LogEnd, undefined>
  /** Enqueues a job that has ended once more, as a new job. */
  retry(id: string, options?: CallOptions): Promise<Job>
  /** Why a job does not run: for the job as a whole, and for each known host. */
  explain(id: string, options?: CallOptions): Promise<ResponseOf<Routes['explainJob']>>
}

/** Enqueues one job, in a request of its own or with others. */
export type Enqueue = (job: NewJob, options: CallOptions) => Promise<EnqueueAnswer>

interface Means {
  readonly enqueue: Enqueue
  /** The limit of a call that does not say. */
  readonly callTimeoutMs: number
  readonly logs: JobsResource['logs']
}

export function jobsResource(call: Call, { enqueue, callTimeoutMs, logs }: Means): JobsResource {
  return {
    async enqueue(payload, options = {}) {
      const { requires, labels, priority, runAt, maxAttempts, maxLeaseLosses, ...callOptions } = options
      const settings = { requires, labels, priority, runAt, maxAttempts, maxLeaseLosses }
      return (await enqueue(newJob(payload, settings), callOptions)).job
    },
    async enqueueBatch(jobs, options = {}) {
      const items = jobs.map(({ payload, idempotencyKey, ...settings }): BatchItem => {
        return { ...newJob(payload, settings), ...(idempotencyKey !== undefined && { idempotencyKey }) }
      })
      return (await call('enqueueBatch', { ...options, body: { jobs: items } })).results
    },
    async get(id, options = {}) {
      return (await call('getJob', { ...options, params: { id } })).job
    },
    list: (query, options) => call('listJobs', { ...options, ...(query && { query }) }),
    async cancel(id, { reason, ...options } = {}) {
      const body = reason === undefined ? {} : { reason }
      return (await call('cancelJob', { ...options, params: { id }, body })).job
    },
    wait: (id, options) => waitForJob(call, callTimeoutMs, id, options),
    logs,
    async retry(id, options = {}) {
      return (await call('retryJob', { ...options, params: { id }, body: {} })).job
    },
    explain: (id, options = {}) => call('explainJob', { ...options, params: { id } }),
  }
}

type Loose<T> = { [Name in keyof T]: T[Name] | undefined }

function newJob(payload: Payload, settings: Loose<JobSettings>): NewJob {
  const { requires, labels, priority, runAt, maxAttempts, maxLeaseLosses } = settings
  const requirement: Requirement = {
    ...(requires && { requiredCapabilities: [...requires] }),
    ...(labels && { labels }),
  }
  return {
    payload,
    ...(Object.keys(requirement).length > 0 && { requirement }),
    ...(priority !== undefined && { priority }),
    ...(runAt !== undefined && { runAt: runAt instanceof Date ? runAt.toISOString() : runAt }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(maxLeaseLosses !== undefined && { maxLeaseLosses }),
  }
}
