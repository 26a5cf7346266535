import { type Static, Type } from '@sinclair/typebox'
import { DrainDeadlineMs, MaxParallel } from './host.ts'
import { AttemptOutcome, DurationMs, ExitCode, Fence, JobStatus, OpenclawResult, Output, Signal, Usage } from './job.ts'
import { limits } from './limits.ts'
import { Payload } from './payload.ts'
import { NormalRequirement } from './requirement.ts'
import { closed, constants, Counter, Id, Labels, Millis, NormalCapabilities, tagged, text } from './schema.ts'

const Hash = Type.String({ pattern: '^[a-f0-9]{64}$' })
const ErrorText = Type.String({ maxLength: limits.errorChars })

const ResultRecord = closed({
  finishedAt: Millis,
  durationMs: DurationMs,
  exitCode: ExitCode,
  stdout: Output,
  stderr: Output,
  signal: Type.Optional(Signal),
  usage: Type.Optional(Usage),
  openclaw: Type.Optional(OpenclawResult),
})
export type ResultRecord = Static<typeof ResultRecord>

const AttemptRecord = closed({
  attempt: Fence,
  hostId: Id,
  startedAt: Millis,
  finishedAt: Type.Optional(Millis),
  outcome: Type.Optional(AttemptOutcome),
  exitCode: Type.Optional(ExitCode),
  signal: Type.Optional(Signal),
  durationMs: Type.Optional(DurationMs),
  usage: Type.Optional(Usage),
  error: Type.Optional(ErrorText),
})
export type AttemptRecord = Static<typeof AttemptRecord>

const LeaseRecord = closed({
  hostId: Id,
  attempt: Fence,
  leasedAt: Millis,
  claim: Type.Optional(closed({ key: Hash, bodyHash: Hash })),
})
export type LeaseRecord = Static<typeof LeaseRecord>

/** A job as the ledger keeps it. Its changes are the functions of the coordinator's job lifecycle, nothing else. */
export const JobRecord = closed({
  kind: Type.Literal('job'),
  id: Id,
  createdAt: Millis,
  updatedAt: Millis,
  /** Orders jobs of one coordinator that share a millisecond. */
  sequence: Counter,
  status: JobStatus,
  priority: Type.Integer({ minimum: -limits.priority, maximum: limits.priority }),
  runAt: Millis,
  /** Its `secretEnv` has the names only. */
  payload: Payload,
  /** The values of `secretEnv`, encrypted. */
  sealedEnv: Type.Optional(Type.String({ maxLength: limits.sealedChars })),
  requirement: NormalRequirement,
  requirementKey: Hash,
  attempts: Type.Integer({ minimum: 0, maximum: limits.attemptsTotal }),
  failures: Type.Integer({ minimum: 0, maximum: limits.attemptsTotal }),
  maxAttempts: Type.Integer({ minimum: 1, maximum: limits.attempts }),
  leaseLosses: Type.Integer({ minimum: 0, maximum: limits.attemptsTotal }),
  maxLeaseLosses: Type.Integer({ minimum: 0, maximum: limits.leaseLosses }),
  attemptHistory: Type.Array(AttemptRecord, { maxItems: limits.attemptsTotal }),
  lease: Type.Optional(LeaseRecord),
  cancelRequestedAt: Type.Optional(Millis),
  cancelReason: Type.Optional(Type.String({ maxLength: limits.reasonChars })),
  result: Type.Optional(ResultRecord),
  error: Type.Optional(ErrorText),
  bodyHash: Type.Optional(Hash),
  /** The job that stands, when this one was made by the same idempotency key elsewhere. */
  duplicateOf: Type.Optional(Id),
  /** The ended job that this one repeats. */
  retryOf: Type.Optional(Id),
  /** Jobs that give way to this one. */
  twins: Type.Optional(Type.Array(Id, { maxItems: limits.twins })),
})
export type JobRecord = Static<typeof JobRecord>

/** The result of an attempt whose lease was lost before it arrived: kept beside the job, of no effect on it. */
export const SupersededRecord = closed({
  kind: Type.Literal('superseded'),
  jobId: Id,
  attempt: Fence,
  hostId: Id,
  success: Type.Boolean(),
  result: ResultRecord,
  error: Type.Optional(ErrorText),
})
export type SupersededRecord = Static<typeof SupersededRecord>

/** A host as the ledger keeps it. When it was last heard is not in it: that travels by gossip. */
export const HostRecord = closed({
  kind: Type.Literal('host'),
  id: Id,
  name: text(limits.nameChars, { minLength: 1 }),
  capabilities: NormalCapabilities,
  maxParallel: MaxParallel,
  labels: Labels,
  registeredAt: Millis,
  updatedAt: Millis,
  /** What an operator wants of it; absent: that it takes jobs. */
  wanted: Type.Optional(
    closed({ state: constants('paused', 'draining'), since: Millis, deadlineMs: Type.Optional(DrainDeadlineMs) }),
  ),
})
export type HostRecord = Static<typeof HostRecord>

export const RecordValue = tagged('kind', [JobRecord, HostRecord, SupersededRecord])
export type RecordValue = Static<typeof RecordValue>

/** No character of an id is below the plus sign: so nothing stands between an id and the same with a plus sign behind it. */
const BallotNode = Type.String({
  minLength: 1,
  maxLength: 2 * limits.idChars + 1,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*([+][A-Za-z0-9][A-Za-z0-9._:-]*)?$',
})

/**
 * Orders the proposals for one register, by number, then by node. A number is used once, ever, by its node; a node is an instance id. Or it is
 * that of the instance that counted the number and, behind a plus sign, of its heir: the ballot comes right after the one without the heir.
 */
export const Ballot = closed({ n: Counter, node: BallotNode })
export type Ballot = Static<typeof Ballot>

/**
 * Counts the times at which a record was begun anew from what survived of it. Above every generation of those before; records that
 * never were carry none.
 */
export const Epoch = closed({ n: Type.Integer({ minimum: 1, maximum: 1_000_000 }), node: Id })
export type Epoch = Static<typeof Epoch>

/** The coordinators, by instance id, that agree on a record, and how many of them must have a change on disk. */
export const ReplicaSet = closed({
  replicas: Type.Array(Id, { minItems: 1, maxItems: limits.replicas, uniqueItems: true }),
  m: Type.Integer({ minimum: 1, maximum: limits.minReplications }),
})
export type ReplicaSet = Static<typeof ReplicaSet>

/** Orders the values of one record: epoch first, then generation, then the ballot. */
export const Version = closed({
  epoch: Type.Optional(Epoch),
  generation: Counter,
  ballot: Ballot,
})
export type Version = Static<typeof Version>

/** One known value of the ledger, chosen under its version, as learn messages, snapshots and the feed carry it. */
export const LedgerRecord = closed({
  key: Type.String({ minLength: 1, maxLength: limits.keyChars }),
  version: Version,
  /** Who agreed on this value. */
  set: ReplicaSet,
  /** On the last value of a generation: who agrees on the next. */
  moved: Type.Optional(ReplicaSet),
  writtenAt: Millis,
  value: RecordValue,
})
export type LedgerRecord = Static<typeof LedgerRecord>
