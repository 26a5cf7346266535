import { expect, test, vi } from 'vitest'
import { expectProblem } from './conformity.ts'
import { report, shellHost, shellJob, startTestCoordinator, type TestCoordinator } from './test-coordinator.ts'

const params = { id: 'h1' }

async function started(options: { maxWaitingReads?: number } = {}): Promise<TestCoordinator> {
  const coordinator = await startTestCoordinator(options)
  await coordinator.ok('registerHost', { body: shellHost('h1') })
  return coordinator
}

const take = async (coordinator: TestCoordinator) => (await coordinator.ok('claimJobs', { params, body: {} })).job

test('a heartbeat tells a host that it is paused, draining or drained, and whether it is to claim', async () => {
  const coordinator = await started()
  await coordinator.ok('enqueueJob', { body: shellJob() })
  const job = await take(coordinator)
  const beat = () => coordinator.ok('heartbeat', { params, body: {} })
  const { state, drain, deadlineMs } = await beat()
  expect([state, drain, deadlineMs]).toEqual(['active', undefined, undefined])
  expect(await coordinator.ok('pauseHost', { params, body: {} })).toMatchObject({ host: { state: 'paused' } })
  expect(await beat()).toMatchObject({ state: 'paused', drain: true, host: { state: 'paused' } })
  await coordinator.ok('drainHost', { params, body: { deadlineMs: 60_000 } })
  const draining = await beat()
  expect(draining).toMatchObject({ state: 'draining', drain: true })
  expect(draining.deadlineMs).toBeGreaterThan(30_000)
  expect(draining.deadlineMs).toBeLessThanOrEqual(60_000)
  await coordinator.ok('completeJob', { params: { id: job!.id }, body: report('h1') })
  expect(await beat()).toMatchObject({ state: 'drained', drain: true })
  expect((await coordinator.ok('getHost', { params })).host.state).toBe('drained')
  await coordinator.ok('resumeHost', { params, body: {} })
  expect((await coordinator.ok('listHosts')).hosts).toMatchObject([{ id: 'h1', state: 'active' }])
})

test('a host that nobody knows can be neither seen, watched nor changed', async () => {
  const coordinator = await started()
  for (const id of ['getHost', 'watchHost', 'pauseHost', 'resumeHost', 'drainHost'] as const) {
    expectProblem(await coordinator.call(id, { params: { id: 'nobody' } }), 'not_found')
  }
})

test('a host that watches hears of a cancellation in well under a second, and of the close of its coordinator', async () => {
  const coordinator = await started({ maxWaitingReads: 1 })
  await coordinator.ok('enqueueJob', { body: shellJob() })
  const job = await take(coordinator)
  const watch = (seen: string, waitMs = '30000') => coordinator.ok('watchHost', { params, query: { seen, waitMs } })
  const { seen } = await coordinator.ok('watchHost', { params })
  const news = watch(seen)
  const askedAt = performance.now()
  await coordinator.ok('cancelJob', { params: { id: job!.id }, body: {} })
  const told = await news
  expect(told.seen).not.toBe(seen)
  expect(performance.now() - askedAt).toBeLessThan(1_000)
  const last = watch(told.seen)
  await vi.waitFor(() => expect(watch(told.seen, '1')).rejects.toThrow('too_busy'))
  await coordinator.running.close()
  await expect(last).resolves.toEqual(told)
})

test('an attempt that its host reports as lost is tried again, once, and charged to the lease losses', async () => {
  const coordinator = await started()
  const { job } = await coordinator.ok('enqueueJob', { body: { ...shellJob(), maxLeaseLosses: 1 } })
  await take(coordinator)
  const lost = {
    params: { id: job.id },
    body: { hostId: 'h1', attempt: 1, lost: true, reason: 'the daemon was killed' },
  }
  const first = await coordinator.ok('releaseJob', lost)
  expect(first.job).toMatchObject({ status: 'queued', leaseLosses: 1, error: 'lease_lost: the daemon was killed' })
  expect((await coordinator.ok('releaseJob', lost)).job).toMatchObject({ leaseLosses: 1 })
  const other = { ...lost, body: { ...lost.body, hostId: 'h2' } }
  expectProblem(await coordinator.call('releaseJob', other), 'lease_lost')
})

test('what an attempt used is shown with its result, and with a report that came too late', async () => {
  const coordinator = await started()
  const { job } = await coordinator.ok('enqueueJob', { body: shellJob() })
  await take(coordinator)
  const lost = { hostId: 'h1', attempt: 1, lost: true }
  await coordinator.ok('releaseJob', { params: { id: job.id }, body: lost })
  const usage = { cpuMs: 12.5, peakMemoryBytes: 1_024, stdoutBytes: 3, stderrBytes: 0, truncated: false }
  const openclaw = { status: 'ok', final: 'Hello', usage: { input: 1, cache: { read: 2 } } }
  const done = { params: { id: job.id }, body: { ...report('h1'), usage, openclaw } }
  const { job: completed } = await coordinator.ok('completeJob', done)
  expect(completed).toMatchObject({ result: { usage, openclaw }, attemptHistory: [{ usage, durationMs: 1 }] })
})

test('a job that has ended is retried as it was, once a key, and one that has not is refused', async () => {
  const coordinator = await started()
  const asked = { ...shellJob(), priority: 3, maxAttempts: 2, requirement: { labels: { zone: 'a' } } }
  const { job } = await coordinator.ok('enqueueJob', { body: asked, key: 'same' })
  const retry = { params: { id: job.id }, body: {}, key: 'same' }
  expect(expectProblem(await coordinator.call('retryJob', retry), 'invalid_request').field).toBe('id')
  await coordinator.ok('cancelJob', { params: { id: job.id }, body: {} })
  const { job: again } = await coordinator.ok('retryJob', retry)
  const { payload, requirement, priority, maxAttempts, maxLeaseLosses } = job
  const repeated = { payload, requirement, priority, maxAttempts, maxLeaseLosses }
  expect(again).toMatchObject({ ...repeated, retryOf: job.id, status: 'queued', attempts: 0 })
  expect(await coordinator.ok('retryJob', retry)).toMatchObject({ deduplicated: true, job: { id: again.id } })
  await coordinator.ok('cancelJob', { params: { id: again.id }, body: {} })
  const other = { ...retry, params: { id: again.id } }
  expectProblem(await coordinator.call('retryJob', other), 'idempotency_mismatch')
  const { job: third } = await coordinator.ok('retryJob', { params: { id: again.id } })
  expect(third.retryOf).toBe(again.id)
  expectProblem(await coordinator.call('retryJob', { params: { id: 'nobody' } }), 'not_found')
})

test('an explanation names each host with what keeps it from the job', async () => {
  const coordinator = await started()
  await coordinator.ok('registerHost', { body: { ...shellHost('h2'), capabilities: ['shell', 'gpu'] } })
  await coordinator.ok('pauseHost', { params: { id: 'h2' }, body: {} })
  const body = { ...shellJob(), requirement: { requiredCapabilities: ['gpu'] } }
  const { job } = await coordinator.ok('enqueueJob', { body })
  const explain = () => coordinator.ok('explainJob', { params: { id: job.id } })
  expect(await explain()).toMatchObject({
    summary: 'It waits for a host: there is 1 host that could run it, and it is paused or draining.',
    hosts: [
      { hostId: 'h2', reason: 'paused' },
      { hostId: 'h1', reason: 'lacks the capability gpu' },
    ],
  })
  await coordinator.ok('resumeHost', { params: { id: 'h2' }, body: {} })
  expect((await explain()).hosts[0]).toEqual({ hostId: 'h2', name: 'h2' })
  expectProblem(await coordinator.call('explainJob', { params: { id: 'nobody' } }), 'not_found')
})
