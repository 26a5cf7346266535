import { type Static, Type } from '@sinclair/typebox'
import { DurationMs, ExitCode, Fence, Job, JobStatus, OpenclawResult, Output, Signal, Usage } from '../job.ts'
import { limits } from '../limits.ts'
import { Payload } from '../payload.ts'
import { Problem } from '../problem.ts'
import { Requirement } from '../requirement.ts'
import { defineRoute } from '../route.ts'
import { closed, Cursor, Id, PageLimit, text, Timestamp } from '../schema.ts'

const JobParams = closed({ id: Id })

const newJobFields = {
  payload: Payload,
  requirement: Type.Optional(Requirement),
  priority: Type.Optional(
    Type.Integer({ minimum: -limits.priority, maximum: limits.priority, description: 'Higher runs first; default 0.' }),
  ),
  runAt: Type.Optional(Timestamp),
  maxAttempts: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.attempts,
      description: 'Tries that may fail by the job itself; default 1.',
    }),
  ),
  maxLeaseLosses: Type.Optional(
    Type.Integer({ minimum: 0, maximum: limits.leaseLosses, description: 'Times its host may be lost; default 3.' }),
  ),
}

/** A job to be made. */
export const NewJob = closed(newJobFields)
export type NewJob = Static<typeof NewJob>

export const IdempotencyKey = Type.String({
  minLength: 1,
  maxLength: limits.idempotencyKeyChars,
  pattern: '^[\\x21-\\x7e]+$',
})

export const BatchItem = closed({ ...newJobFields, idempotencyKey: Type.Optional(IdempotencyKey) })
export type BatchItem = Static<typeof BatchItem>

export const Durability = Type.Object({
  replicas: Type.Integer({ description: 'Coordinators that are to hold the record.' }),
  minimum: Type.Integer({ description: 'Coordinators that had it on disk before this answer.' }),
  standalone: Type.Boolean({ description: 'True when a single coordinator is all there is.' }),
})
export type Durability = Static<typeof Durability>

const JobAnswer = Type.Object({ job: Job })
export const EnqueueAnswer = Type.Object({
  job: Job,
  deduplicated: Type.Optional(Type.Boolean()),
  durability: Type.Optional(Durability),
})
export type EnqueueAnswer = Static<typeof EnqueueAnswer>

export const enqueueJob = defineRoute({
  method: 'POST',
  path: '/v1/jobs',
  summary: 'Enqueue a job',
  auth: true,
  idempotency: 'record',
  body: NewJob,
  response: EnqueueAnswer,
  bodyLimitBytes: limits.bodyBytes,
})

export const BatchResult = Type.Object({
  job: Type.Optional(Job),
  deduplicated: Type.Optional(Type.Boolean()),
  durability: Type.Optional(Durability),
  problem: Type.Optional(Problem),
})
export type BatchResult = Static<typeof BatchResult>

export const enqueueBatch = defineRoute({
  method: 'POST',
  path: '/v1/jobs/batch',
  summary: 'Enqueue up to 1,000 jobs, each wholly or not at all, with one result each',
  auth: true,
  idempotency: 'record',
  body: closed({ jobs: Type.Array(BatchItem, { minItems: 1, maxItems: limits.batchJobs }) }),
  response: Type.Object({ results: Type.Array(BatchResult) }),
  bodyLimitBytes: limits.largeBodyBytes,
})

const reportFields = {
  hostId: Id,
  success: Type.Boolean(),
  durationMs: DurationMs,
  exitCode: ExitCode,
  stdout: Output,
  stderr: Output,
  error: Type.Optional(Type.String({ maxLength: limits.outputBytes })),
  attempt: Type.Optional(Fence),
  signal: Type.Optional(Signal),
  timedOut: Type.Optional(Type.Boolean({ description: 'The attempt ended by its time limit.' })),
  usage: Type.Optional(Usage),
  openclaw: Type.Optional(OpenclawResult),
}

export const completeJob = defineRoute({
  method: 'POST',
  path: '/v1/jobs/:id/complete',
  summary: 'Report the outcome of an attempt',
  auth: true,
  idempotency: 'answer',
  params: JobParams,
  body: closed(reportFields),
  response: JobAnswer,
  bodyLimitBytes: limits.largeBodyBytes,
})

const CompleteResult = Type.Object({
  status: Type.Optional(JobStatus),
  problem: Type.Optional(Problem),
})

export const completeJobs = defineRoute({
  method: 'POST',
  path: '/v1/jobs/complete',
  summary: 'Report the outcomes of up to 100 attempts, each wholly or not at all, with one result each',
  auth: true,
  idempotency: 'natural',
  body: closed({
    reports: Type.Array(closed({ id: Id, ...reportFields }), { minItems: 1, maxItems: limits.completeReports }),
  }),
  response: Type.Object({ results: Type.Array(CompleteResult) }),
  bodyLimitBytes: limits.largeBodyBytes,
})

export const releaseJob = defineRoute({
  method: 'POST',
  path: '/v1/jobs/:id/release',
  summary:
    'Hand a leased job back without using up an attempt: the host drains; or, `lost`, say that the attempt was lost',
  auth: true,
  idempotency: 'answer',
  params: JobParams,
  body: closed({
    hostId: Id,
    attempt: Fence,
    lost: Type.Optional(
      Type.Boolean({ description: 'The host broke off, and knows not what became of the attempt: a lost lease.' }),
    ),
    reason: Type.Optional(text(limits.reasonChars, { description: 'Why it was lost, as a sentence.' })),
  }),
  response: JobAnswer,
  bodyLimitBytes: limits.bodyBytes,
})

export const cancelJob = defineRoute({
  method: 'POST',
  path: '/v1/jobs/:id/cancel',
  summary: 'Cancel a job: at once while it is queued, through its host while it runs',
  auth: true,
  idempotency: 'answer',
  params: JobParams,
  body: closed({ reason: Type.Optional(text(limits.reasonChars)) }),
  response: JobAnswer,
  bodyLimitBytes: limits.bodyBytes,
})

export const getJob = defineRoute({
  method: 'GET',
  path: '/v1/jobs/:id',
  summary: 'One job; with waitMs the answer waits until the job has ended or the time is up',
  auth: true,
  idempotency: 'none',
  params: JobParams,
  query: closed({ waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.waitMs })) }),
  response: JobAnswer,
  bodyLimitBytes: 0,
})

export const listJobs = defineRoute({
  method: 'GET',
  path: '/v1/jobs',
  summary: 'Jobs, newest first',
  auth: true,
  idempotency: 'none',
  query: closed({
    status: Type.Optional(JobStatus),
    hostId: Type.Optional(Id),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  }),
  response: Type.Object({ jobs: Type.Array(Job), nextCursor: Type.Optional(Cursor) }),
  bodyLimitBytes: 0,
})

export const retryJob = defineRoute({
  method: 'POST',
  path: '/v1/jobs/:id/retry',
  summary: 'Enqueue a job that has ended once more, as a new job with the same payload, secrets included',
  auth: true,
  idempotency: 'record',
  params: JobParams,
  body: closed({}),
  response: EnqueueAnswer,
  bodyLimitBytes: limits.smallBodyBytes,
})

export const Obstacle = Type.Object({
  hostId: Id,
  name: Type.String(),
  reason: Type.Optional(Type.String({ description: 'The first reason why it does not run the job; absent: none.' })),
})
export type Obstacle = Static<typeof Obstacle>

export const explainJob = defineRoute({
  method: 'GET',
  path: '/v1/jobs/:id/explain',
  summary: 'Why a job does not run: for the job as a whole, and for each known host',
  auth: true,
  idempotency: 'none',
  params: JobParams,
  response: Type.Object({ job: Job, summary: Type.String(), hosts: Type.Array(Obstacle) }),
  bodyLimitBytes: 0,
})
