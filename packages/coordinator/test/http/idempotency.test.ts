import { type OperationId, type RouteDefinition, routes } from '@skyclaw/protocol'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { expectProblem } from './conformity.ts'
import {
  type CallOptions,
  report,
  scratchFolder,
  shellHost,
  shellJob,
  startTestCoordinator,
  type TestCoordinator,
} from './test-coordinator.ts'
import { testWhere } from './test-where.ts'

interface Repeatable {
  /** Brings about what the request needs; answers the request. */
  readonly prepare: (coordinator: TestCoordinator) => Promise<CallOptions>
  /** Another valid body, where there can be one. */
  readonly otherBody?: unknown
}

async function leased(coordinator: TestCoordinator, hostId = 'h1') {
  await coordinator.ok('registerHost', { body: shellHost(hostId) })
  await coordinator.ok('enqueueJob', { body: shellJob() })
  const { job } = await coordinator.ok('claimJobs', { params: { id: hostId }, body: {} })
  return job!
}

async function registered(coordinator: TestCoordinator) {
  await coordinator.ok('registerHost', { body: shellHost('h1') })
  return { params: { id: 'h1' }, body: {} }
}

const hostRecord = {
  key: 'host:snapshot~00000000',
  version: { generation: 0, ballot: { n: 1, node: 'elsewhere' } },
  set: { replicas: ['elsewhere'], m: 1 },
  writtenAt: 1,
  value: {
    kind: 'host',
    id: 'snapshot',
    name: 'n',
    capabilities: [],
    maxParallel: 1,
    labels: {},
    registeredAt: 1,
    updatedAt: 1,
  },
}

/** One request for each route that keeps its answers; what only other coordinators send, or what is about them, is sent without a key. */
const repeatable = {
  registerHost: {
    prepare: async () => ({ body: { name: 'made by the coordinator' } }),
    otherBody: { name: 'another' },
  },
  heartbeat: {
    prepare: async (coordinator: TestCoordinator) => {
      await coordinator.ok('registerHost', { body: shellHost('h1') })
      return { params: { id: 'h1' }, body: { activeLeases: 0 } }
    },
    otherBody: { activeLeases: 1 },
  },
  completeJob: {
    prepare: async (coordinator: TestCoordinator) => ({
      params: { id: (await leased(coordinator)).id },
      body: report('h1'),
    }),
    otherBody: { ...report('h1'), stdout: 'other' },
  },
  releaseJob: {
    prepare: async (coordinator: TestCoordinator) => ({
      params: { id: (await leased(coordinator)).id },
      body: { hostId: 'h1', attempt: 1 },
    }),
    otherBody: { hostId: 'h1', attempt: 2 },
  },
  cancelJob: {
    prepare: async (coordinator: TestCoordinator) => {
      const { job } = await coordinator.ok('enqueueJob', { body: shellJob() })
      return { params: { id: job.id }, body: { reason: 'first' } }
    },
    otherBody: { reason: 'second' },
  },
  pauseHost: { prepare: async (coordinator: TestCoordinator) => registered(coordinator) },
  resumeHost: { prepare: async (coordinator: TestCoordinator) => registered(coordinator) },
  drainHost: {
    prepare: async (coordinator: TestCoordinator) => registered(coordinator),
    otherBody: { deadlineMs: 1 },
  },
  mergeSnapshot: {
    prepare: async () => ({ body: { nodeId: 'elsewhere', records: [hostRecord] } }),
    otherBody: { nodeId: 'elsewhere', records: [] },
  },
} satisfies Partial<Record<OperationId, Repeatable>>

const amongCoordinators: OperationId[] = ['joinNetwork', 'gossip', 'replicateMessages', 'forgetMember']

test('there is a request for each route that keeps its answers', () => {
  const keeping = (Object.entries(routes) as [OperationId, RouteDefinition][])
    .filter(([, { idempotency }]) => idempotency === 'answer')
    .map(([id]) => id)
  expect(keeping.toSorted()).toEqual([...Object.keys(repeatable), ...amongCoordinators].toSorted())
})

describe.each(Object.entries(repeatable) as [OperationId, Repeatable][])('%s', (id, { prepare, otherBody }) => {
  test('gives a repeat the first answer, to the byte, also after a restart and under the other header', async () => {
    const dbPath = join(scratchFolder(), 'test.db')
    const first = await startTestCoordinator({ dbPath })
    const request = await prepare(first)
    const answer = await first.call(id, { ...request, key: 'k' })
    expect(answer.status).toBe(200)
    expect((await first.call(id, { ...request, key: 'k' })).text).toBe(answer.text)
    await first.running.close()
    const second = await startTestCoordinator({ dbPath })
    expect((await second.call(id, { ...request, key: 'k' })).text).toBe(answer.text)
    const alias = await second.call(id, { ...request, headers: { 'idempotency-key': 'k' } })
    expect(alias.text).toBe(answer.text)
  })

  testWhere(otherBody)('refuses another body under the key, also after a restart', async () => {
    const dbPath = join(scratchFolder(), 'test.db')
    const first = await startTestCoordinator({ dbPath })
    const request = await prepare(first)
    await first.ok(id, { ...request, key: 'k' })
    const other = { ...request, body: otherBody, key: 'k' }
    expectProblem(await first.call(id, other), 'idempotency_mismatch')
    await first.running.close()
    const second = await startTestCoordinator({ dbPath })
    expectProblem(await second.call(id, other), 'idempotency_mismatch')
  })

  test('lets concurrent repeats wait for the first answer', async () => {
    const coordinator = await startTestCoordinator()
    const request = await prepare(coordinator)
    const answers = await Promise.all(Array.from({ length: 20 }, () => coordinator.call(id, { ...request, key: 'k' })))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers[0]?.status).toBe(200)
  })

  test('takes the order of fields and white space for the same body', async () => {
    const coordinator = await startTestCoordinator()
    const request = await prepare(coordinator)
    const { text } = await coordinator.call(id, { ...request, key: 'k' })
    const reversed = Object.fromEntries(Object.entries(request.body as object).toReversed())
    expect((await coordinator.call(id, { ...request, body: reversed, key: 'k' })).text).toBe(text)
  })
})

test('a key used on two routes, or on two jobs, means two requests', async () => {
  const coordinator = await startTestCoordinator()
  const jobs = await Promise.all(
    [1, 2].map(async () => (await coordinator.ok('enqueueJob', { body: shellJob() })).job.id),
  )
  const cancelled = await Promise.all(
    jobs.map((id) => coordinator.ok('cancelJob', { params: { id }, body: {}, key: 'k' })),
  )
  expect(cancelled.map(({ job }) => job.id)).toEqual(jobs)
  const { host } = await coordinator.ok('registerHost', { body: shellHost('h1'), key: 'k' })
  expect(host.id).toBe('h1')
  const { job } = await coordinator.ok('enqueueJob', { body: shellJob(), key: 'k' })
  expect(jobs).not.toContain(job.id)
})

test('a failure is not kept: the repeat is tried anew', async () => {
  const coordinator = await startTestCoordinator()
  const beat = { params: { id: 'late' }, body: {}, key: 'k' }
  expectProblem(await coordinator.call('heartbeat', beat), 'not_found')
  await coordinator.ok('registerHost', { body: shellHost('late') })
  await coordinator.ok('heartbeat', beat)
})

test('an answer too long to be kept is made again, and still another body is refused', async () => {
  const coordinator = await startTestCoordinator()
  const { id } = await leased(coordinator)
  const body = { ...report('h1'), stdout: 'x'.repeat(200_000) }
  const first = await coordinator.ok('completeJob', { params: { id }, body, key: 'k' })
  expect(await coordinator.ok('completeJob', { params: { id }, body, key: 'k' })).toEqual(first)
  const other = { params: { id }, body: { ...body, stdout: 'y'.repeat(200_000) }, key: 'k' }
  expectProblem(await coordinator.call('completeJob', other), 'idempotency_mismatch')
})

test('when its time is over, a key is free for another request', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const coordinator = await startTestCoordinator({ idempotencyTtlMs: 60_000 })
    const first = await coordinator.ok('registerHost', { body: { name: 'first' }, key: 'k' })
    vi.setSystemTime(Date.now() + 59_000)
    expect(await coordinator.ok('registerHost', { body: { name: 'first' }, key: 'k' })).toEqual(first)
    vi.setSystemTime(Date.now() + 2_000)
    const second = await coordinator.ok('registerHost', { body: { name: 'second' }, key: 'k' })
    expect(second.host.name).toBe('second')
  } finally {
    vi.useRealTimers()
  }
})

describe('keys', () => {
  test.each([
    ['spaces', { 'x-idempotency-key': 'a b' }],
    ['more than ASCII', { 'x-idempotency-key': 'caf\u00e9' }],
    ['a tab', { 'x-idempotency-key': 'a\tb' }],
    ['nothing', { 'x-idempotency-key': '' }],
    ['more than 256 characters', { 'idempotency-key': 'a'.repeat(257) }],
    ['one thing in one header and another in the other', { 'x-idempotency-key': 'a', 'idempotency-key': 'b' }],
  ])('with %s are refused by name', async (_, headers) => {
    const coordinator = await startTestCoordinator()
    const answer = await coordinator.call('enqueueJob', { body: shellJob(), headers })
    expect(expectProblem(answer, 'invalid_request').field).toBe('X-Idempotency-Key')
  })

  test('given alike in both headers are one key', async () => {
    const coordinator = await startTestCoordinator()
    const headers = { 'x-idempotency-key': 'a', 'idempotency-key': 'a' }
    const first = await coordinator.ok('enqueueJob', { body: shellJob(), headers })
    expect((await coordinator.ok('enqueueJob', { body: shellJob(), key: 'a' })).job.id).toBe(first.job.id)
  })
})

describe('enqueueing', () => {
  test('makes one job of twenty concurrent repeats, and of one after a restart', async () => {
    const dbPath = join(scratchFolder(), 'test.db')
    const coordinator = await startTestCoordinator({ dbPath })
    const request = { body: shellJob(), key: 'k' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => coordinator.ok('enqueueJob', request)))
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1)
    expect(answers.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1)
    await coordinator.running.close()
    const again = await startTestCoordinator({ dbPath })
    expect(await again.ok('enqueueJob', request)).toMatchObject({ deduplicated: true, job: { id: answers[0]!.job.id } })
    expect((await again.ok('listJobs')).jobs).toHaveLength(1)
    expectProblem(await again.call('enqueueJob', { ...request, body: shellJob('other') }), 'idempotency_mismatch')
  })

  test('answers each item of a batch by itself: made, found again, or refused', async () => {
    const coordinator = await startTestCoordinator()
    const single = await coordinator.ok('enqueueJob', { body: shellJob('single'), key: 'own' })
    const jobs = [
      shellJob('a'),
      { ...shellJob('single'), idempotencyKey: 'own' },
      { ...shellJob('not single'), idempotencyKey: 'own' },
      { payload: { kind: 'openclaw-run', args: [], message: 'both' } },
      shellJob('a'),
    ]
    const { results } = await coordinator.ok('enqueueBatch', { body: { jobs }, key: 'batch' })
    expect(results.map(({ problem }) => problem?.code)).toEqual([
      undefined,
      undefined,
      'idempotency_mismatch',
      'invalid_request',
      undefined,
    ])
    expect(results[1]).toMatchObject({ deduplicated: true, job: { id: single.job.id } })
    expect(results[3]?.problem?.field).toBe('payload.args')
    expect(results[0]!.job!.id).not.toBe(results[4]!.job!.id)
    const again = await coordinator.ok('enqueueBatch', { body: { jobs }, key: 'batch' })
    expect(again.results.map(({ job }) => job?.id)).toEqual(results.map(({ job }) => job?.id))
    expect(again.results[0]?.deduplicated).toBe(true)
    expect((await coordinator.ok('listJobs')).jobs).toHaveLength(3)
  })
})

describe('a claim repeated with its key', () => {
  const claim = (max: number) => ({ params: { id: 'h1' }, body: { max }, key: 'claim' })

  test('finds its jobs again, also after a restart, and takes no more', async () => {
    const dbPath = join(scratchFolder(), 'test.db')
    const coordinator = await startTestCoordinator({ dbPath })
    await coordinator.ok('registerHost', { body: shellHost('h1') })
    await coordinator.ok('enqueueBatch', { body: { jobs: [1, 2, 3, 4].map(() => shellJob()) } })
    const first = await coordinator.ok('claimJobs', claim(2))
    const ids = first.jobs!.map(({ id }) => id)
    expect(ids).toHaveLength(2)
    const found = async (on: TestCoordinator) => (await on.ok('claimJobs', claim(2))).jobs!.map(({ id }) => id)
    expect((await found(coordinator)).toSorted()).toEqual(ids.toSorted())
    await coordinator.running.close()
    expect((await found(await startTestCoordinator({ dbPath }))).toSorted()).toEqual(ids.toSorted())
  })

  test('with another body is refused', async () => {
    const coordinator = await startTestCoordinator()
    await leased(coordinator)
    await coordinator.ok('enqueueJob', { body: shellJob() })
    await coordinator.ok('claimJobs', claim(1))
    expectProblem(await coordinator.call('claimJobs', claim(2)), 'idempotency_mismatch')
  })

  test('by another host is another claim', async () => {
    const coordinator = await startTestCoordinator()
    await leased(coordinator)
    await coordinator.ok('registerHost', { body: shellHost('h2') })
    await coordinator.ok('enqueueBatch', { body: { jobs: [shellJob(), shellJob()] } })
    const one = await coordinator.ok('claimJobs', claim(1))
    const two = await coordinator.ok('claimJobs', { ...claim(1), params: { id: 'h2' } })
    expect(one.job!.id).not.toBe(two.job!.id)
  })
})
