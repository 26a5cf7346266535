import {
  type Attempt,
  type Job,
  type JobRecord,
  type JobResult,
  redacted,
  type ResultRecord,
  type SupersededRecord,
} from '@skyclaw/protocol'

/** What the view of a job needs to know beside the record. */
export interface JobViewContext {
  /** Milliseconds since 1970 at which the host's leases end if it stays silent. */
  leaseExpiresAt(hostId: string): number
}

/** Texts of times that were shown last, each in the place that its last bits name: those of the jobs of a request are mostly the same few. */
const shown = Array.from({ length: 64 }, () => ({ ms: 0, text: new Date(0).toISOString() }))

function iso(time: number): string {
  const ms = Math.trunc(time)
  const place = shown[ms % shown.length]
  if (place?.ms === ms) return place.text
  const text = new Date(ms).toISOString()
  if (place) [place.ms, place.text] = [ms, text]
  return text
}

/** A job as the API shows it. The values of its `secretEnv` are in no record, and so in no view. */
export function toJob(record: JobRecord, context: JobViewContext, superseded: readonly SupersededRecord[] = []): Job {
  const { lease } = record
  return {
    id: record.id,
    createdAt: iso(record.createdAt),
    updatedAt: iso(record.updatedAt),
    status: record.status,
    priority: record.priority,
    runAt: iso(record.runAt),
    attempts: record.attempts,
    maxAttempts: record.maxAttempts,
    leaseLosses: record.leaseLosses,
    maxLeaseLosses: record.maxLeaseLosses,
    requirement: record.requirement,
    payload: record.payload,
    ...(lease && { assignedHostId: lease.hostId, leaseExpiresAt: iso(context.leaseExpiresAt(lease.hostId)) }),
    ...(record.cancelRequestedAt !== undefined && { cancelRequestedAt: iso(record.cancelRequestedAt) }),
    ...(record.cancelReason !== undefined && { cancelReason: record.cancelReason }),
    ...(record.result && { result: toResult(record.result) }),
    ...(record.error !== undefined && { error: record.error }),
    attemptHistory: record.attemptHistory.map((entry) => toAttempt(entry, superseded)),
    ...(superseded.length > 0 && { superseded: superseded.map(toSuperseded) }),
    ...(record.duplicateOf !== undefined && { duplicateOf: record.duplicateOf }),
    ...(record.retryOf !== undefined && { retryOf: record.retryOf }),
  }
}

function toResult(result: ResultRecord): JobResult {
  return { ...result, finishedAt: iso(result.finishedAt) }
}

function toAttempt(entry: JobRecord['attemptHistory'][number], superseded: readonly SupersededRecord[]): Attempt {
  const { startedAt, finishedAt, ...rest } = entry
  const late = superseded.find(({ attempt }) => attempt === entry.attempt)
  return {
    ...rest,
    startedAt: iso(startedAt),
    ...(finishedAt !== undefined && { finishedAt: iso(finishedAt) }),
    ...(late && lateReport(late.result)),
  }
}

function lateReport({ exitCode, signal, durationMs, usage }: ResultRecord): Partial<Attempt> {
  return { outcome: 'superseded', exitCode, ...(signal && { signal }), durationMs, ...(usage && { usage }) }
}

function toSuperseded(record: SupersededRecord): NonNullable<Job['superseded']>[number] {
  const { kind: _kind, jobId: _jobId, result, ...rest } = record
  return { ...rest, result: toResult(result) }
}

/** The same job without what may be secret: the values of its environment and its standard input. */
export function redact(job: Job): Job {
  const { payload } = job
  const env = payload.env && Object.fromEntries(Object.keys(payload.env).map((name) => [name, redacted]))
  const stdin = payload.kind === 'shell' && payload.stdin !== undefined && { stdin: redacted }
  return { ...job, payload: { ...payload, ...(env && { env }), ...stdin } }
}
