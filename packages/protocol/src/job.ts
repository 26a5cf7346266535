import { type Static, Type } from '@sinclair/typebox'
import { limits } from './limits.ts'
import { Payload } from './payload.ts'
import { NormalRequirement } from './requirement.ts'
import { constants, Id, nullable, Timestamp } from './schema.ts'

export const jobStatuses = ['queued', 'leased', 'completed', 'failed', 'cancelled'] as const
export const JobStatus = constants(...jobStatuses)
export type JobStatus = Static<typeof JobStatus>

export const attemptOutcomes = [
  'completed',
  'failed',
  'timed_out',
  'lease_lost',
  'drained',
  'cancelled',
  'superseded',
] as const
export const AttemptOutcome = constants(...attemptOutcomes)
export type AttemptOutcome = Static<typeof AttemptOutcome>

export const ExitCode = nullable(Type.Integer({ minimum: -2_147_483_648, maximum: 4_294_967_295 }))
export const Signal = Type.String({ maxLength: 16, pattern: '^SIG[A-Z0-9+]+$' })
export const Output = Type.String({ maxLength: limits.outputBytes })
export const DurationMs = Type.Number({ minimum: 0, maximum: limits.durationMs })
export const Fence = Type.Integer({
  minimum: 1,
  maximum: limits.attemptsTotal,
  description: 'The number of the attempt: its fence.',
})

/** What an attempt used, as far as its host could tell. */
export const Usage = Type.Object(
  {
    cpuMs: Type.Optional(Type.Number({ minimum: 0, description: 'Processor time of all its processes.' })),
    peakMemoryBytes: Type.Optional(
      Type.Integer({ minimum: 0, description: 'The most memory that its processes had at once.' }),
    ),
    stdoutBytes: Type.Optional(Type.Integer({ minimum: 0, description: 'Bytes that it wrote to stdout.' })),
    stderrBytes: Type.Optional(Type.Integer({ minimum: 0, description: 'Bytes that it wrote to stderr.' })),
    truncated: Type.Optional(Type.Boolean({ description: 'Whether stdout or stderr of the result is cut.' })),
  },
  { additionalProperties: false },
)
export type Usage = Static<typeof Usage>

const OpenclawText = Type.String({ maxLength: limits.outputBytes })
const OpenclawName = Type.String({ maxLength: limits.labelChars })

/** What OpenClaw answered, as far as it said so. */
export const OpenclawResult = Type.Object(
  {
    status: Type.Optional(OpenclawName),
    final: Type.Optional(OpenclawText),
    model: Type.Optional(OpenclawName),
    provider: Type.Optional(OpenclawName),
    sessionId: Type.Optional(OpenclawName),
    usage: Type.Optional(Type.Record(Type.String({ maxLength: limits.nameChars }), Type.Unknown())),
    toolSummary: Type.Optional(Type.Record(Type.String({ maxLength: limits.nameChars }), Type.Unknown())),
  },
  { additionalProperties: false },
)
export type OpenclawResult = Static<typeof OpenclawResult>

export const JobResult = Type.Object({
  finishedAt: Timestamp,
  durationMs: DurationMs,
  exitCode: ExitCode,
  stdout: Output,
  stderr: Output,
  signal: Type.Optional(Signal),
  usage: Type.Optional(Usage),
  openclaw: Type.Optional(OpenclawResult),
})
export type JobResult = Static<typeof JobResult>

export const Attempt = Type.Object({
  attempt: Fence,
  hostId: Id,
  startedAt: Timestamp,
  finishedAt: Type.Optional(Timestamp),
  outcome: Type.Optional(AttemptOutcome),
  exitCode: Type.Optional(ExitCode),
  signal: Type.Optional(Signal),
  durationMs: Type.Optional(DurationMs),
  usage: Type.Optional(Usage),
  error: Type.Optional(Type.String()),
})
export type Attempt = Static<typeof Attempt>

/** A result that came for an attempt whose lease was lost: kept beside the job, of no effect on it. */
export const Superseded = Type.Object({
  attempt: Fence,
  hostId: Id,
  success: Type.Boolean(),
  result: JobResult,
  error: Type.Optional(Type.String()),
})

export const Job = Type.Object(
  {
    id: Id,
    createdAt: Timestamp,
    updatedAt: Timestamp,
    status: JobStatus,
    priority: Type.Integer(),
    runAt: Timestamp,
    attempts: Type.Integer({ minimum: 0, description: 'Number of tries so far.' }),
    maxAttempts: Type.Integer({ minimum: 1 }),
    leaseLosses: Type.Integer({ minimum: 0 }),
    maxLeaseLosses: Type.Integer({ minimum: 0 }),
    requirement: NormalRequirement,
    payload: Payload,
    assignedHostId: Type.Optional(Id),
    leaseExpiresAt: Type.Optional(Timestamp),
    cancelRequestedAt: Type.Optional(Timestamp),
    cancelReason: Type.Optional(Type.String()),
    result: Type.Optional(JobResult),
    error: Type.Optional(Type.String()),
    attemptHistory: Type.Array(Attempt),
    superseded: Type.Optional(Type.Array(Superseded)),
    duplicateOf: Type.Optional(Id),
    retryOf: Type.Optional(Id),
  },
  { $id: 'Job' },
)
export type Job = Static<typeof Job>

/** Whether a status is final: such a job never changes again. */
export function isTerminal(status: JobStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}
