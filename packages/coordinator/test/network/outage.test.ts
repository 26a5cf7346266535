import type { ResponseOf, Routes } from '@skyclaw/protocol'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { expectProblem } from '../http/conformity.ts'
import { shellHost, shellJob, type TestCoordinator } from '../http/test-coordinator.ts'
import { Cluster } from './cluster.ts'

const enqueue = async (node: TestCoordinator, key?: string) => {
  const answer: ResponseOf<Routes['enqueueJob']> = await node.ok('enqueueJob', {
    body: shellJob(),
    ...(key !== undefined && { key }),
  })
  return answer.job.id
}

const statusOf = async (node: TestCoordinator, id: string) => (await node.ok('getJob', { params: { id } })).job.status

test('with one of three down work goes on, and what it missed it catches up with by the feed alone', async () => {
  const cluster = await Cluster.start(3)
  const before = await enqueue(cluster.node(2))
  await cluster.stopNode(2)
  const meanwhile = await Promise.all([0, 1, 0, 1].map((index) => enqueue(cluster.node(index))))
  await cluster.startNode(2)
  await cluster.settled()
  await cluster.agreed()
  const { self } = await cluster.peersOf(2)
  const network = ['feed', 'gossip', 'join', 'challenge', 'probe']
  expect(Object.keys(self.traffic!.sent).filter((kind) => !network.includes(kind))).toEqual([])
  for (const id of [before, ...meanwhile]) expect(await statusOf(cluster.node(2), id)).toBe('queued')
})

test('a coordinator whose port takes no connections is not counted on, long before its silence would say so', async () => {
  const slow = { gossipIntervalMs: 60_000 }
  const cluster = await Cluster.start(3)
  for (const index of [0, 1, 2]) await cluster.stopNode(index)
  for (const index of [0, 1, 2]) await cluster.startNode(index, slow)
  await cluster.settled()
  await enqueue(cluster.node(0))
  await cluster.stopNode(2)
  await enqueue(cluster.node(0), 'k')
  await until('it not to count as live', async () => (await cluster.peersOf(0)).self.replication!.live === 2)
  await cluster.startNode(2, slow)
  await cluster.settled()
  expect((await cluster.peersOf(0)).self.replication!.live).toBe(3)
})

test('with two of three down changes are refused with nothing written, reads are answered, and work goes on when one returns', async () => {
  const cluster = await Cluster.start(3)
  const a = cluster.node(0)
  const job = await enqueue(a)
  await cluster.agreed()
  await Promise.all([cluster.stopNode(1), cluster.stopNode(2)])
  const refused = expectProblem(
    await a.call('enqueueJob', { body: shellJob(), key: 'k' }),
    'insufficient_replicas',
    'quorum_unreachable',
  )
  expect(refused.retryable).toBe(true)
  expect(refused.outcome).toMatch(/not_applied|unknown/)
  await until('the others not to count as live', async () => (await cluster.peersOf(0)).self.replication!.live === 1)
  const later = expectProblem(await a.call('enqueueJob', { body: shellJob() }), 'insufficient_replicas')
  expect(later.outcome).toBe('not_applied')
  expect(
    expectProblem(
      await a.call('cancelJob', { params: { id: job }, body: {} }),
      'quorum_unreachable',
      'insufficient_replicas',
    ).retryable,
  ).toBe(true)
  expect((await a.ok('listJobs')).jobs.map(({ id }) => id)).toContain(job)
  expect(await statusOf(a, job)).toBe('queued')
  await cluster.startNode(1)
  await cluster.settled()
  const again = await enqueue(a, 'k')
  await cluster.agreed()
  expect((await cluster.node(1).ok('listJobs')).jobs.map(({ id }) => id).toSorted()).toEqual([job, again].toSorted())
})

test('a restarted coordinator serves reads at once, and refuses changes until its peers are live', async () => {
  const cluster = await Cluster.start(3)
  const job = await enqueue(cluster.node(0))
  await cluster.agreed()
  await Promise.all([0, 1, 2].map((index) => cluster.stopNode(index)))
  const startedAt = performance.now()
  const a = await cluster.startNode(0)
  expect(performance.now() - startedAt).toBeLessThan(2_500)
  expect(await statusOf(a, job)).toBe('queued')
  expect((await a.ok('readHealth')).standalone).toBe(false)
  expectProblem(await a.call('enqueueJob', { body: shellJob() }), 'insufficient_replicas')
  await Promise.all([1, 2].map((index) => cluster.startNode(index)))
  await cluster.settled()
  const later = await enqueue(a)
  expect(await statusOf(cluster.node(2), later)).toBe('queued')
})

test('a coordinator whose database is lost returns as a new instance, catches up, and is a replica of every record in the end', async () => {
  const cluster = await Cluster.start(3, { repairAfterMs: 500 })
  const jobs = await Promise.all([0, 1, 2, 0, 1, 2].map((index) => enqueue(cluster.node(index))))
  await cluster.agreed()
  const { instance: lost } = (await cluster.peersOf(2)).self
  await cluster.stopNode(2)
  cluster.loseDatabase(2)
  await cluster.startNode(2)
  await cluster.settled()
  const { self } = await cluster.peersOf(2)
  expect(self.instance).not.toBe(lost)
  await cluster.agreed()
  for (const id of jobs) expect(await statusOf(cluster.node(2), id)).toBe('queued')
  await until('each record to have three replicas again, none of them the lost one', async () => {
    const { records } = await cluster.node(2).ok('readSnapshot', { query: { limit: '1000' } })
    return records.every(({ set, moved }) => {
      const { replicas } = moved ?? set
      return replicas.length === 3 && !replicas.includes(lost) && replicas.includes(self.instance)
    })
  })
  expect(cluster.logs[0]!.map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(/answers at .* as a new instance: .*\(node-2\) is gone from there/),
  )
})

test('a host heard at one coordinator keeps its leases at all', async () => {
  const leaseMs = 800
  const cluster = await Cluster.start(3, { leaseMs })
  const [a, c] = [cluster.node(0), cluster.node(2)]
  await a.ok('registerHost', { body: shellHost('h1') })
  await enqueue(c)
  const { job } = await a.ok('claimJobs', { params: { id: 'h1' }, body: { waitMs: 2_000 } })
  for (const startedAt = performance.now(); performance.now() < startedAt + 3 * leaseMs;) {
    await a.ok('heartbeat', { params: { id: 'h1' }, body: {} })
    expect((await c.ok('getJob', { params: { id: job!.id } })).job).toMatchObject({ status: 'leased', attempts: 1 })
    expect((await c.ok('listHosts')).hosts[0]).toMatchObject({ id: 'h1', live: true })
    await pause(leaseMs / 8)
  }
})
