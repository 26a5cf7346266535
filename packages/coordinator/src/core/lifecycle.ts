/**
 * The life of a job. This file is the state table: every change of a job is one of the functions below, pure, and each
 * asserts that the table allows the step it takes.
 *
 *     queued ──lease──▶ leased ──complete(success)──▶ completed
 *       ▲                 │ ├────complete(failure)──▶ failed      (attempts used up)
 *       │                 │ └────cancel acknowledged─▶ cancelled
 *       └── retry / lease lost / released ──┘         queued ──cancel──▶ cancelled
 *
 * A try is an attempt; its number is its fence, and fences never repeat. `attemptHistory` has an entry for each, the last
 * one open while the job is leased. A completion of the latest attempt is accepted also while the job is queued again
 * (lease lost, not yet leased anew): work done is not done twice. Nothing changes a terminal job.
 *
 * One idempotency key may have made two jobs, where coordinators did not hear each other. The one that stands notes the other, which
 * then gives way if it is still queued, naming the one that stands.
 */
import {
  type AttemptOutcome,
  type AttemptRecord,
  isTerminal,
  type JobRecord,
  type JobStatus,
  limits,
  type OpenclawResult,
  type ResultRecord,
  type Usage,
} from '@skyclaw/protocol'
import { type Decision, keep, refuse, write } from './decision.ts'
import { backoffMs } from './retry.ts'

export type JobEvent = 'lease' | 'complete' | 'lose' | 'release' | 'cancel' | 'note_twin' | 'give_way'

/** From which status an event may lead to which. */
export const transitions: Record<JobEvent, Partial<Record<JobStatus, readonly JobStatus[]>>> = {
  lease: { queued: ['leased'] },
  complete: {
    leased: ['completed', 'failed', 'queued', 'cancelled'],
    queued: ['completed', 'failed', 'queued'],
  },
  lose: { leased: ['queued', 'failed', 'cancelled'] },
  release: { leased: ['queued', 'failed', 'cancelled'] },
  cancel: { queued: ['cancelled'], leased: ['leased'] },
  note_twin: { queued: ['queued'], leased: ['leased'] },
  give_way: { queued: ['cancelled'] },
}

type JobDecision = Decision<JobRecord>

/** Creates the job, finds it again for a repeat of the same request, or refuses another request under the same key. */
export function enqueue(current: JobRecord | null, job: JobRecord): JobDecision {
  if (current === null) return write(job)
  if (current.bodyHash === job.bodyHash) return keep
  return refuse('idempotency_mismatch', `the idempotency key already made job ${current.id} from another body`)
}

export interface LeaseInput {
  readonly hostId: string
  readonly now: number
  readonly claim?: { readonly key: string; readonly bodyHash: string }
}

/**
 * Whether a queued job's time has come. One that was due on the clock of whoever queued it is due on every clock: a wall clock that is
 * behind, or was set back, does not hold it up.
 */
export function isDue(job: JobRecord, now: number): boolean {
  return job.runAt <= Math.max(now, job.updatedAt)
}

/** Hands a queued job whose time has come to a host, as the next attempt. */
export function lease(current: JobRecord | null, input: LeaseInput): JobDecision {
  if (current?.status !== 'queued' || !isDue(current, input.now)) return refuse('lease_lost', 'the job is not free')
  const attempt = current.attempts + 1
  const entry: AttemptRecord = { attempt, hostId: input.hostId, startedAt: input.now }
  return step('lease', current, 'leased', input.now, {
    attempts: attempt,
    attemptHistory: [...current.attemptHistory, entry],
    lease: { hostId: input.hostId, attempt, leasedAt: input.now, ...(input.claim && { claim: input.claim }) },
  })
}

export interface CompleteInput {
  readonly hostId: string
  /** Older hosts leave it out: then the host must hold the current lease. */
  readonly attempt?: number | undefined
  readonly success: boolean
  readonly durationMs: number
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly error?: string | undefined
  readonly signal?: string | undefined
  readonly timedOut?: boolean | undefined
  readonly usage?: Usage | undefined
  readonly openclaw?: OpenclawResult | undefined
  readonly now: number
  /** From [0, 1), for the back-off. */
  readonly random: number
}

const reported: readonly (AttemptOutcome | undefined)[] = ['completed', 'failed', 'timed_out', 'cancelled']

/** Applies what a host reports of an attempt. A repeat of the same report keeps the job as it is. */
export function complete(current: JobRecord | null, input: CompleteInput): JobDecision {
  if (current === null) return refuse('not_found', 'there is no such job')
  const entry = findAttempt(current, input)
  if (!entry) return refuse('lease_lost', `host ${input.hostId} does not hold this job`)
  if (entry.attempt < current.attempts) {
    return refuse('lease_lost', `attempt ${entry.attempt} was followed by attempt ${current.attempts}`)
  }
  if (reported.includes(entry.outcome)) return keep
  if (isTerminal(current.status)) return refuse('lease_lost', `the job is ${current.status} already`)
  if (entry.outcome === 'drained') return refuse('lease_lost', `attempt ${entry.attempt} was handed back`)
  return settle(current, entry, input)
}

/** The attempt that a report is about, or undefined when that host never had it. */
export function findAttempt(
  job: JobRecord,
  { hostId, attempt }: { hostId: string; attempt?: number | undefined },
): AttemptRecord | undefined {
  if (attempt !== undefined) {
    return job.attemptHistory.find((entry) => entry.attempt === attempt && entry.hostId === hostId)
  }
  const last = job.attemptHistory.at(-1)
  const current = job.lease !== undefined || reported.includes(last?.outcome)
  return last?.hostId === hostId && current ? last : undefined
}

function settle(job: JobRecord, entry: AttemptRecord, input: CompleteInput): JobDecision {
  const error = input.error?.slice(0, limits.errorChars)
  const cancelled = !input.success && job.status === 'leased' && job.cancelRequestedAt !== undefined
  const outcome = input.success ? 'completed' : cancelled ? 'cancelled' : input.timedOut ? 'timed_out' : 'failed'
  const failures = job.failures + (outcome === 'failed' || outcome === 'timed_out' ? 1 : 0)
  const retry = !input.success && !cancelled && failures < job.maxAttempts && job.attempts < limits.attemptsTotal
  const { finishedAt, durationMs, exitCode, signal, usage } = toResult(input)
  const used = { ...(signal && { signal }), durationMs, ...(usage && { usage }) }
  const end = { finishedAt, outcome, exitCode, ...used, ...(error && { error }) } as const
  const attemptHistory = close(job, entry.attempt, end)
  const rest = { attemptHistory, failures, ...(error && { error }) }
  if (retry) {
    return step('complete', job, 'queued', input.now, { ...rest, runAt: input.now + backoffMs(failures, input.random) })
  }
  const status = input.success ? 'completed' : cancelled ? 'cancelled' : 'failed'
  return step('complete', job, status, input.now, { ...rest, result: toResult(input) })
}

/** What a report says of how the attempt ended, as it is kept. */
export function toResult({ now, durationMs, exitCode, stdout, stderr, ...more }: CompleteInput): ResultRecord {
  const { signal, usage, openclaw } = more
  const rest = { ...(signal && { signal }), ...(usage && { usage }), ...(openclaw && { openclaw }) }
  return { finishedAt: now, durationMs, exitCode, stdout, stderr, ...rest }
}

export interface LoseInput {
  readonly hostId: string
  readonly attempt: number
  readonly reason: string
  readonly now: number
  readonly random: number
}

/** Takes the lease from a host that fell silent, or that does not know of it. */
export function lose(current: JobRecord | null, input: LoseInput): JobDecision {
  if (!current || !holds(current, input)) return refuse('lease_lost', 'the lease is gone already')
  const leaseLosses = current.leaseLosses + 1
  const error = `lease_lost: ${input.reason}`
  const attemptHistory = close(current, input.attempt, { finishedAt: input.now, outcome: 'lease_lost', error })
  const rest = { leaseLosses, attemptHistory, error }
  if (current.cancelRequestedAt !== undefined) return step('lose', current, 'cancelled', input.now, rest)
  if (leaseLosses > current.maxLeaseLosses) {
    return step('lose', current, 'failed', input.now, { ...rest, error: `${error} (${leaseLosses} times)` })
  }
  return requeue('lose', current, input.now, backoffMs(leaseLosses, input.random), rest)
}

/** The same on the word of the host itself, which does not know what became of the attempt. A repeat keeps the job as it is. */
export function giveUp(current: JobRecord | null, input: LoseInput): JobDecision {
  if (current === null) return refuse('not_found', 'there is no such job')
  if (holds(current, input)) return lose(current, input)
  if (findAttempt(current, input)?.outcome === 'lease_lost') return keep
  return refuse('lease_lost', `host ${input.hostId} does not hold attempt ${input.attempt} of this job`)
}

/** Takes a job back from a host that drains; no budget is charged. */
export function release(
  current: JobRecord | null,
  input: { readonly hostId: string; readonly attempt: number; readonly now: number },
): JobDecision {
  if (current === null) return refuse('not_found', 'there is no such job')
  if (!holds(current, input)) {
    const entry = findAttempt(current, input)
    if (entry?.outcome === 'drained') return keep
    return refuse('lease_lost', `host ${input.hostId} does not hold attempt ${input.attempt} of this job`)
  }
  const attemptHistory = close(current, input.attempt, { finishedAt: input.now, outcome: 'drained' })
  if (current.cancelRequestedAt !== undefined) {
    return step('release', current, 'cancelled', input.now, { attemptHistory })
  }
  return requeue('release', current, input.now, 0, { attemptHistory })
}

/** Cancels a queued job; asks the host of a leased one to end it. */
export function cancel(
  current: JobRecord | null,
  input: { readonly reason?: string | undefined; readonly now: number },
): JobDecision {
  if (current === null) return refuse('not_found', 'there is no such job')
  if (current.status === 'cancelled' || (current.status === 'leased' && current.cancelRequestedAt !== undefined))
    return keep
  if (isTerminal(current.status)) return refuse('job_terminal', `job ${current.id} is ${current.status} already`)
  const asked = { cancelRequestedAt: input.now, ...(input.reason && { cancelReason: input.reason }) }
  return step('cancel', current, current.status === 'queued' ? 'cancelled' : 'leased', input.now, asked)
}

/** Notes the twin on the job that stands. What a host or a caller sees of the job stays the same. */
export function noteTwin(current: JobRecord, twinId: string): JobDecision {
  const twins = current.twins ?? []
  if (isTerminal(current.status) || twins.includes(twinId) || twins.length === limits.twins) return keep
  const { updatedAt, error } = current
  const noted = { twins: [...twins, twinId], ...(error !== undefined && { error }) }
  return step('note_twin', current, current.status, updatedAt, noted)
}

/** Ends a queued job in favour of its twin. One that a host has, or that has ended, stays as it is. */
export function giveWay(
  current: JobRecord,
  { standingId, now }: { readonly standingId: string; readonly now: number },
): JobDecision {
  if (current.status !== 'queued') return keep
  const cancelReason = `job ${standingId} was made by the same idempotency key`
  return step('give_way', current, 'cancelled', now, { duplicateOf: standingId, cancelReason })
}

function requeue(event: JobEvent, job: JobRecord, now: number, delayMs: number, rest: Partial<JobRecord>): JobDecision {
  if (job.attempts >= limits.attemptsTotal) {
    return step(event, job, 'failed', now, { ...rest, error: `gave up after ${job.attempts} attempts` })
  }
  return step(event, job, 'queued', now, { ...rest, runAt: now + delayMs })
}

function holds(job: JobRecord, { hostId, attempt }: { hostId: string; attempt: number }): boolean {
  return job.status === 'leased' && job.lease?.hostId === hostId && job.lease.attempt === attempt
}

function close(job: JobRecord, attempt: number, end: Partial<AttemptRecord>): AttemptRecord[] {
  return job.attemptHistory.map((entry) => {
    if (entry.attempt !== attempt) return entry
    const { attempt: fence, hostId, startedAt } = entry
    return { attempt: fence, hostId, startedAt, ...end }
  })
}

function step(
  event: JobEvent,
  job: JobRecord,
  status: JobStatus,
  now: number,
  change: Partial<JobRecord>,
): JobDecision {
  if (!transitions[event][job.status]?.includes(status)) {
    throw new Error(`broken state table: ${event} takes job ${job.id} from ${job.status} to ${status}`)
  }
  const { lease: _lease, error: _error, ...rest } = job
  const held = change.lease ?? (status === 'leased' ? job.lease : undefined)
  return write({ ...rest, updatedAt: now, ...change, status, ...(held && { lease: held }) })
}
