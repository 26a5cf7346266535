import { expect, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { expectProblem } from '../http/conformity.ts'
import { report, shellHost, shellJob } from '../http/test-coordinator.ts'
import { Cluster } from './cluster.ts'

test('what is enqueued at one coordinator is found, claimed and completed at others, and all know the same in the end', async () => {
  const cluster = await Cluster.start(3)
  const [a, b, c] = [cluster.node(0), cluster.node(1), cluster.node(2)]
  await a.ok('registerHost', { body: shellHost('h1') })
  const { job, durability } = await b.ok('enqueueJob', { body: shellJob() })
  expect(durability).toEqual({ replicas: 3, minimum: 2, standalone: false })
  expect((await c.ok('getJob', { params: { id: job.id } })).job.status).toBe('queued')
  const claimed = await c.ok('claimJobs', { params: { id: 'h1' }, body: { waitMs: 2_000 } })
  expect(claimed.job?.id).toBe(job.id)
  const done = await a.ok('completeJob', { params: { id: job.id }, body: report('h1') })
  expect(done.job.status).toBe('completed')
  await cluster.agreed()
  for (const node of [a, b, c])
    expect((await node.ok('getJob', { params: { id: job.id } })).job.status).toBe('completed')
})

test('one list of URLs for all will do: a coordinator leaves its own out, and says so', async () => {
  const cluster = await Cluster.start(2)
  const peerUrls = [cluster.url(0), cluster.url(1)]
  await cluster.stopNode(1)
  await cluster.startNode(1, { peerUrls })
  await cluster.settled()
  const { peers } = await until('its own URL to be found out', async () => {
    const view = await cluster.peersOf(1)
    return view.peers.length === 1 && view
  })
  expect(peers[0]).toMatchObject({ nodeId: 'node-0', url: cluster.url(0), state: 'alive', lag: 0 })
  expect(cluster.logs[1]!.map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(/leads to this coordinator itself/),
  )
  const { durability } = await cluster.node(1).ok('enqueueJob', { body: shellJob() })
  expect(durability).toEqual({ replicas: 2, minimum: 2, standalone: false })
})

test('a peer that has another token is no live peer, and the log says why', async () => {
  const cluster = await Cluster.start(2)
  await cluster.stopNode(1)
  await cluster.startNode(1, { token: 'another-token' })
  const line = await until('the refusal to be logged', () =>
    cluster.logs[0]!.find(({ msg, peer }) => peer === cluster.url(1) && msg.includes('asks for a token')),
  )
  expect(line.level).toBe(40)
  await until('it not to count as live', async () => (await cluster.peersOf(0)).self.replication!.live === 1)
  expectProblem(await cluster.node(0).call('enqueueJob', { body: shellJob() }), 'insufficient_replicas')
})
