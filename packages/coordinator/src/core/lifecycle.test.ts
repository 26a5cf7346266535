import type { JobRecord } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { newJobRecord } from '../jobs/new-job.ts'
import type { Decision } from './decision.ts'
import * as lifecycle from './lifecycle.ts'

const report = { durationMs: 5, exitCode: 0, stdout: 'out', stderr: '', now: 50, random: 0.5 }

function job(budget: { maxAttempts?: number; maxLeaseLosses?: number } = {}): JobRecord {
  const payload = { kind: 'shell' as const, command: 'true' }
  return newJobRecord({ payload, ...budget }, { id: 'job', now: 0, sequence: 0, bodyHash: 'a'.repeat(64) })
}

function written(decision: Decision<JobRecord>): JobRecord {
  if (decision.kind !== 'write') throw new Error(`expected a write, got ${decision.kind}`)
  return decision.value
}

const leased = (from = job(), hostId = 'host-a', now = from.runAt) => written(lifecycle.lease(from, { hostId, now }))
const lost = (from: JobRecord) =>
  written(
    lifecycle.lose(from, { hostId: from.lease!.hostId, attempt: from.attempts, reason: 'silent', now: 20, random: 0 }),
  )

test('a repeated enqueue keeps the job; another body under its key is refused', () => {
  expect(lifecycle.enqueue(job(), job()).kind).toBe('keep')
  const other = { ...job(), bodyHash: 'b'.repeat(64) }
  expect(lifecycle.enqueue(job(), other)).toMatchObject({ kind: 'refuse', error: { code: 'idempotency_mismatch' } })
})

test('a completion without an attempt is accepted from the host that holds the lease, and from no other', () => {
  const completion = { ...report, success: true }
  expect(written(lifecycle.complete(leased(), { ...completion, hostId: 'host-a' })).status).toBe('completed')
  const other = lifecycle.complete(leased(), { ...completion, hostId: 'host-b' })
  expect(other).toMatchObject({ kind: 'refuse', error: { code: 'lease_lost' } })
})

test('a completion of the latest attempt is accepted while the job is queued again', () => {
  const queued = lost(leased())
  expect(queued.status).toBe('queued')
  const done = written(lifecycle.complete(queued, { ...report, success: true, hostId: 'host-a', attempt: 1 }))
  expect(done).toMatchObject({ status: 'completed', attemptHistory: [{ attempt: 1, outcome: 'completed' }] })
})

test('a completion with a stale fence is refused once the job is leased anew', () => {
  const again = leased(lost(leased()), 'host-b')
  const stale = lifecycle.complete(again, { ...report, success: true, hostId: 'host-a', attempt: 1 })
  expect(stale).toMatchObject({ kind: 'refuse', error: { code: 'lease_lost' } })
})

test('a failure is tried again after a full-jitter back-off until its attempts are used up', () => {
  const failure = { ...report, success: false, exitCode: 3, error: 'no luck', hostId: 'host-a' }
  const retried = written(lifecycle.complete(leased(job({ maxAttempts: 2 })), { ...failure, attempt: 1 }))
  expect(retried).toMatchObject({ status: 'queued', runAt: 50 + 1_000, failures: 1, error: 'no luck' })
  const failed = written(lifecycle.complete(leased(retried), { ...failure, attempt: 2 }))
  expect(failed).toMatchObject({ status: 'failed', failures: 2, result: { exitCode: 3, stdout: 'out' } })
})

test('a success clears the error of the tries before it', () => {
  const failure = { ...report, success: false, error: 'no luck', hostId: 'host-a', attempt: 1 }
  const retried = written(lifecycle.complete(leased(job({ maxAttempts: 2 })), failure))
  const done = written(lifecycle.complete(leased(retried), { ...report, success: true, hostId: 'host-a', attempt: 2 }))
  expect(done.error).toBeUndefined()
})

test('a job outlives as many lease losses as it is allowed, and fails with lease_lost on the next', () => {
  const once = lost(leased(job({ maxLeaseLosses: 1 })))
  expect(once).toMatchObject({ status: 'queued', leaseLosses: 1, failures: 0 })
  const twice = lost(leased(once))
  expect(twice).toMatchObject({ status: 'failed', leaseLosses: 2, error: expect.stringContaining('lease_lost') })
})

test('cancel ends a queued job, asks the host of a leased one, and refuses one that has ended', () => {
  expect(written(lifecycle.cancel(job(), { now: 1 })).status).toBe('cancelled')
  const asked = written(lifecycle.cancel(leased(), { now: 1, reason: 'enough' }))
  expect(asked).toMatchObject({ status: 'leased', cancelRequestedAt: 1, cancelReason: 'enough' })
  expect(lifecycle.cancel(asked, { now: 2 }).kind).toBe('keep')
  const done = written(lifecycle.complete(leased(), { ...report, success: true, hostId: 'host-a' }))
  expect(lifecycle.cancel(done, { now: 3 })).toMatchObject({ kind: 'refuse', error: { code: 'job_terminal' } })
})

test('a job that was asked to end is cancelled by a failure and by the loss of its host, and completed by a success', () => {
  const asked = written(lifecycle.cancel(leased(job({ maxAttempts: 3 })), { now: 1 }))
  const end = { ...report, hostId: 'host-a', attempt: 1 }
  expect(written(lifecycle.complete(asked, { ...end, success: false })).status).toBe('cancelled')
  expect(written(lifecycle.complete(asked, { ...end, success: true })).status).toBe('completed')
  expect(lost(asked).status).toBe('cancelled')
})

test('a job that its host hands back is queued at once, charged to no budget, and refuses a report of that attempt', () => {
  const back = written(lifecycle.release(leased(), { hostId: 'host-a', attempt: 1, now: 9 }))
  expect(back).toMatchObject({
    status: 'queued',
    runAt: 9,
    failures: 0,
    leaseLosses: 0,
    attemptHistory: [{ outcome: 'drained' }],
  })
  expect(lifecycle.release(back, { hostId: 'host-a', attempt: 1, now: 10 }).kind).toBe('keep')
  const late = lifecycle.complete(back, { ...report, success: true, hostId: 'host-a', attempt: 1 })
  expect(late).toMatchObject({ kind: 'refuse', error: { code: 'lease_lost' } })
})

test('a job is not leased before its time, nor while another host has it', () => {
  expect(lifecycle.lease({ ...job(), runAt: 10 }, { hostId: 'host-a', now: 9 }).kind).toBe('refuse')
  expect(lifecycle.lease(leased(), { hostId: 'host-b', now: 99 }).kind).toBe('refuse')
})

test('what an attempt used is kept with the attempt, and with the result what OpenClaw answered', () => {
  const usage = { cpuMs: 3, peakMemoryBytes: 4, truncated: true }
  const openclaw = { final: 'done' }
  const input = { ...report, hostId: 'host-a', attempt: 1, usage, openclaw }
  const retried = written(lifecycle.complete(leased(job({ maxAttempts: 2 })), { ...input, success: false }))
  expect(retried.attemptHistory).toMatchObject([{ durationMs: 5, usage, outcome: 'failed' }])
  expect(retried.result).toBeUndefined()
  const done = written(lifecycle.complete(leased(), { ...input, success: true }))
  expect(done).toMatchObject({ result: { usage, openclaw, durationMs: 5 }, attemptHistory: [{ durationMs: 5, usage }] })
})

test('an attempt that its host lost is charged to the lease losses, once', () => {
  const input = { hostId: 'host-a', attempt: 1, reason: 'the daemon was killed', now: 20, random: 0 }
  const queued = written(lifecycle.giveUp(leased(), input))
  expect(queued).toMatchObject({ status: 'queued', leaseLosses: 1, error: 'lease_lost: the daemon was killed' })
  expect(lifecycle.giveUp(queued, input).kind).toBe('keep')
  expect(lifecycle.giveUp(lost(leased()), input).kind).toBe('keep')
  expect(written(lifecycle.giveUp(leased(job({ maxLeaseLosses: 0 })), input)).status).toBe('failed')
  const stranger = lifecycle.giveUp(leased(), { ...input, hostId: 'host-b' })
  expect(stranger).toMatchObject({ kind: 'refuse', error: { code: 'lease_lost' } })
  const done = written(lifecycle.complete(leased(), { ...report, success: true, hostId: 'host-a', attempt: 1 }))
  expect(lifecycle.giveUp(done, input)).toMatchObject({ kind: 'refuse', error: { code: 'lease_lost' } })
  expect(lifecycle.giveUp(null, input)).toMatchObject({ kind: 'refuse', error: { code: 'not_found' } })
})
