import { limits, type LedgerRecord } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import { expectProblem } from './conformity.ts'
import { report, shellHost, shellJob, startTestCoordinator, type TestCoordinator } from './test-coordinator.ts'

/** Every status, an attempt that failed, one that came too late, labels, a schedule, and the widest requirement. */
async function eventful(): Promise<TestCoordinator> {
  const coordinator = await startTestCoordinator()
  const labels = { zone: 'a', 'has.dots/and-slashes': 'b' }
  await coordinator.ok('registerHost', { body: { ...shellHost('h1'), labels } })
  const enqueue = async (more: object = {}) =>
    (await coordinator.ok('enqueueJob', { body: { ...shellJob(), ...more } })).job.id
  const take = async () => (await coordinator.ok('claimJobs', { params: { id: 'h1' }, body: {} })).job!.id
  const complete = (id: string, body: object) =>
    coordinator.ok('completeJob', { params: { id }, body: { ...report('h1'), ...body } })
  await enqueue()
  const usage = { cpuMs: 1.5, peakMemoryBytes: 2, stdoutBytes: 3, stderrBytes: 0, truncated: false }
  await complete(await take(), { usage, openclaw: { final: 'done', usage: { input: 1 } } })
  await enqueue()
  await complete(await take(), { success: false, exitCode: null, signal: 'SIGKILL', error: 'e'.repeat(20_000) })
  await enqueue({ maxAttempts: 3 })
  await complete(await take(), { success: false, exitCode: 1, timedOut: true })
  await coordinator.ok('cancelJob', { params: { id: await enqueue() }, body: { reason: 'no more' } })
  await enqueue({ requirement: { labels } })
  await take()
  await enqueue({ runAt: '9999-12-31T23:59:59.999Z', priority: -limits.priority })
  await coordinator.ok('enqueueJob', { body: shellJob('once'), key: 'key' })
  const wide = Array.from({ length: limits.capabilities }, (_, n) => `${n}${'İ'.repeat(limits.capabilityChars - 2)}`)
  await enqueue({ requirement: { requiredCapabilities: wide } })
  const payload = { kind: 'shell', command: 'true', secretEnv: { KEY: 'a secret' } }
  await coordinator.ok('cancelJob', { params: { id: await enqueue({ payload }) }, body: {} })
  const [cancelled] = (await coordinator.ok('listJobs', { query: { limit: '1' } })).jobs
  await coordinator.ok('retryJob', { params: { id: cancelled!.id } })
  await coordinator.ok('registerHost', { body: shellHost('h2') })
  await coordinator.ok('drainHost', { params: { id: 'h2' }, body: { deadlineMs: 1 } })
  return coordinator
}

async function backup(
  coordinator: TestCoordinator,
  limit: number,
): Promise<{ nodeId: string; records: LedgerRecord[] }[]> {
  const pages = []
  let query: Record<string, string> = { limit: `${limit}` }
  for (;;) {
    const page = await coordinator.ok('readSnapshot', { query })
    pages.push(page)
    if (page.nextCursor === undefined) return pages
    query = { ...query, cursor: page.nextCursor }
  }
}

async function merged(pages: readonly unknown[]): Promise<TestCoordinator> {
  const coordinator = await startTestCoordinator({ nodeId: 'merged' })
  for (const body of pages) await coordinator.ok('mergeSnapshot', { body })
  return coordinator
}

/** The coordinators on which the records' changes were agreed are gone: this one takes them over. */
async function restored(pages: readonly object[]): Promise<TestCoordinator> {
  const coordinator = await startTestCoordinator({ nodeId: 'restored' })
  for (const page of pages) await coordinator.ok('mergeSnapshot', { body: { ...page, restore: true } })
  return coordinator
}

test.each([1, 3, 1_000])(
  'pages of %i records, as GET gives them, make an equal coordinator of an empty one',
  async (limit) => {
    const original = await eventful()
    const pages = await backup(original, limit)
    const copy = await merged(pages)
    expect((await backup(copy, limit)).map(({ records }) => records)).toEqual(pages.map(({ records }) => records))
    const jobs = async (coordinator: TestCoordinator) => {
      const list = await coordinator.ok('listJobs')
      return list.jobs.map(({ leaseExpiresAt: _leaseExpiresAt, ...job }) => job)
    }
    expect(await jobs(copy)).toEqual(await jobs(original))
    const { hosts } = await copy.ok('listHosts')
    expect(hosts).toMatchObject([
      { id: 'h2', state: 'drained' },
      { id: 'h1', activeLeases: 1, labels: { zone: 'a' } },
    ])
  },
)

test('jobs run on where they were restored, and their idempotency keys hold', async () => {
  const copy = await restored(await backup(await eventful(), 1_000))
  const { jobs } = await copy.ok('listJobs', { query: { status: 'leased' } })
  const [held] = jobs
  const done = await copy.ok('completeJob', { params: { id: held!.id }, body: report('h1', held!.attempts) })
  expect(done.job.status).toBe('completed')
  const { job } = await copy.ok('claimJobs', { params: { id: 'h1' }, body: {} })
  expect(job?.status).toBe('leased')
  expect((await copy.ok('enqueueJob', { body: shellJob('once'), key: 'key' })).deduplicated).toBe(true)
  const fresh = await copy.ok('enqueueJob', { body: shellJob('fresh') })
  expect((await copy.ok('listJobs')).jobs[0]?.id).toBe(fresh.job.id)
})

test('a waiting claim gets a job the moment it is restored', async () => {
  const original = await startTestCoordinator()
  await original.ok('enqueueJob', { body: shellJob() })
  const pages = await backup(original, 1_000)
  const copy = await startTestCoordinator({ nodeId: 'restored' })
  await copy.ok('registerHost', { body: shellHost('h9') })
  const claim = copy.ok('claimJobs', { params: { id: 'h9' }, body: { waitMs: 10_000 } })
  for (const page of pages) await copy.ok('mergeSnapshot', { body: { ...page, restore: true } })
  expect((await claim).job?.id).toBe(pages[0]!.records[0]!.key.slice('job:'.length))
})

test('an older version never replaces a newer one, an equal one changes nothing', async () => {
  const coordinator = await startTestCoordinator()
  await coordinator.ok('registerHost', { body: shellHost('h1') })
  const { job } = await coordinator.ok('enqueueJob', { body: shellJob() })
  const [before] = await backup(coordinator, 1_000)
  await coordinator.ok('cancelJob', { params: { id: job.id }, body: {} })
  expect(await coordinator.ok('mergeSnapshot', { body: before })).toEqual({ ok: true, changed: 0 })
  expect((await coordinator.ok('getJob', { params: { id: job.id } })).job.status).toBe('cancelled')
  const [after] = await backup(coordinator, 1_000)
  const copy = await merged([before])
  expect(await copy.ok('mergeSnapshot', { body: after })).toEqual({ ok: true, changed: 1 })
  expect(await copy.ok('mergeSnapshot', { body: after })).toEqual({ ok: true, changed: 0 })
})

describe('a snapshot with one record that makes no sense is refused as a whole', () => {
  const broken: [string, string, (record: LedgerRecord) => object][] = [
    ['a leased job without a lease', 'records.1.value', ({ value }) => ({ value: { ...value, status: 'leased' } })],
    [
      'a completed job without a result',
      'records.1.value',
      ({ value }) => ({ value: { ...value, status: 'completed' } }),
    ],
    ['more attempts than its history', 'records.1.value', ({ value }) => ({ value: { ...value, attempts: 2 } })],
    [
      'the requirement key of another',
      'records.1.value',
      ({ value }) => ({ value: { ...value, requirementKey: 'f'.repeat(64) } }),
    ],
    [
      'a payload of two forms',
      'records.1.value',
      ({ value }) => ({ value: { ...value, payload: { kind: 'openclaw-run', args: [], message: 'x' } } }),
    ],
    ['the key of another record', 'records.1.key', () => ({ key: 'job:other' })],
    ['a kind that there is not', 'records.1.value.kind', ({ value }) => ({ value: { ...value, kind: 'cron' } })],
    ['a field too much', 'records.1.value.extra', ({ value }) => ({ value: { ...value, extra: 1 } })],
    [
      'a version beyond counting',
      'records.1.version.generation',
      ({ version }) => ({ version: { ...version, generation: 1e300 } }),
    ],
    ['a place beyond counting', 'records.1.value.sequence', ({ value }) => ({ value: { ...value, sequence: 1e300 } })],
    [
      'a time beyond the calendar',
      'records.1.value.runAt',
      ({ value }) => ({ value: { ...value, runAt: 8_640_000_000_000_000 } }),
    ],
  ]

  test.each(broken)('%s', async (_, field, change) => {
    const original = await startTestCoordinator()
    await original.ok('enqueueBatch', { body: { jobs: [shellJob(), shellJob(), shellJob()] } })
    const [page] = await backup(original, 1_000)
    const records = page!.records.map((record, index) => (index === 1 ? { ...record, ...change(record) } : record))
    const copy = await startTestCoordinator({ nodeId: 'copy' })
    const answer = await copy.call('mergeSnapshot', { body: { ...page, records } })
    expect(expectProblem(answer, 'invalid_request').field).toBe(field)
    expect((await copy.ok('listJobs')).jobs).toEqual([])
    expect((await copy.ok('mergeSnapshot', { body: page })).changed).toBe(3)
  })
})
