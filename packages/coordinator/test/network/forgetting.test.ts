import { expect, test } from 'vitest'
import { freePort } from '../../../../test/support/free-port.ts'
import { until } from '../../../../test/support/until.ts'
import { expectProblem } from '../http/conformity.ts'
import { shellJob } from '../http/test-coordinator.ts'
import { Cluster } from './cluster.ts'

const forget = (cluster: Cluster, at: number, node: string, acceptLoss?: boolean) =>
  cluster.node(at).call('forgetMember', { body: { node, ...(acceptLoss && { acceptLoss }) } })

test('a dead coordinator is forgotten by all, its place is taken at once, and it comes back as a new instance only', async () => {
  const cluster = await Cluster.start(4)
  const { job } = await cluster.node(0).ok('enqueueJob', { body: shellJob() })
  await cluster.agreed()
  const lost = await cluster.instanceOf(3)
  await cluster.stopNode(3)
  await cluster.deadAt(0, lost)
  const answer = await cluster.node(0).ok('forgetMember', { body: { node: 'node-3' } })
  expect(answer).toEqual({
    forgotten: [
      { nodeId: 'node-3', instance: lost, url: cluster.url(3), version: expect.any(String), state: 'forgotten' },
    ],
    adopted: 0,
  })
  for (const index of [0, 1, 2]) {
    await until('all to hear of it', async () => (await cluster.viewOf(lost, index))?.state === 'forgotten')
  }
  const left = await Promise.all([0, 1, 2].map((index) => cluster.instanceOf(index)))
  await until('its place to be taken', async () => {
    const { records } = await cluster.node(0).ok('readSnapshot')
    return records.every(({ set, moved }) => (moved ?? set).replicas.toSorted().join() === left.toSorted().join())
  })
  // It is in the databases.
  await cluster.stopNode(1)
  await cluster.startNode(1)
  await cluster.settled()
  expect((await cluster.viewOf(lost, 1))?.state).toBe('forgotten')
  // The same again is no mistake.
  expect(await cluster.node(1).ok('forgetMember', { body: { node: lost } })).toMatchObject({ adopted: 0 })

  await cluster.startNode(3)
  await cluster.settled()
  expect(await cluster.instanceOf(3)).not.toBe(lost)
  expect((await cluster.viewOf(lost, 0))?.state).toBe('forgotten')
  await cluster.agreed()
  expect((await cluster.node(3).ok('getJob', { params: { id: job.id } })).job.status).toBe('queued')
})

test('who is alive, who is nobody, and who could be several is not forgotten', async () => {
  const cluster = await Cluster.start(3)
  const [first, lost] = [await cluster.instanceOf(0), await cluster.instanceOf(2)]
  const alive = expectProblem(await forget(cluster, 0, 'node-1'), 'member_alive')
  expect(alive.detail).toContain(`node-1 (instance ${await cluster.instanceOf(1)}) is alive at ${cluster.url(1)}`)
  expectProblem(await forget(cluster, 0, first.slice(0, 8)), 'member_alive')
  const nobody = expectProblem(await forget(cluster, 0, 'node-9', true), 'not_found')
  expect(nobody.detail).toContain(`node-2 (instance ${lost})`)
  await cluster.stopNode(2)
  cluster.loseDatabase(2)
  await cluster.deadAt(0, lost)
  const elsewhere = await cluster.startBeside({ nodeId: 'node-2', port: await freePort() })
  const second = (await elsewhere.ok('listPeers')).self.instance
  await until('it to join', async () => (await cluster.viewOf(second, 0))?.state === 'alive')
  // A name means the one that is gone.
  const answer = await cluster.node(0).ok('forgetMember', { body: { node: 'node-2' } })
  expect(answer.forgotten.map(({ instance }) => instance)).toEqual([lost])
  expectProblem(await forget(cluster, 0, 'node-2'), 'member_alive')
})

test('records that would have no quorum are not given up unless that is accepted: then they go on from what the live ones know', async () => {
  const cluster = await Cluster.start(3)
  const jobs: string[] = []
  for (let count = 0; count < 5; count += 1) {
    jobs.push((await cluster.node(count % 3).ok('enqueueJob', { body: shellJob() })).job.id)
  }
  await cluster.agreed()
  const lost = [await cluster.instanceOf(1), await cluster.instanceOf(2)]
  await cluster.stopNode(1)
  await cluster.stopNode(2)
  for (const instance of lost) await cluster.deadAt(0, instance)
  // The other one may return, and be a quorum together with this one.
  expect(await cluster.node(0).ok('forgetMember', { body: { node: 'node-1' } })).toMatchObject({ adopted: 0 })
  const risk = expectProblem(await forget(cluster, 0, 'node-2'), 'records_at_risk')
  expect(risk).toMatchObject({ retryable: false, outcome: 'not_applied' })
  expect(risk.detail).toContain(`5 records have no quorum without node-2 (instance ${lost[1]})`)
  expect(risk.detail).toContain('start it again')
  const few = expectProblem(await forget(cluster, 0, 'node-2', true), 'insufficient_replicas')
  expect(few.detail).toContain('let another one join first')
  expect((await cluster.viewOf(lost[1]!, 0))?.state).toBe('dead')

  await cluster.startNode(3, { port: 0, peerUrls: [cluster.url(0)] })
  await until('the new one to be counted on', async () => (await cluster.peersOf(0)).self.replication!.live === 2)
  await until('the new one to have caught up', async () => (await cluster.peersOf(3)).self.ready)
  await until('that to be known', async () => (await cluster.viewOf(await cluster.instanceOf(3), 0))?.ready)
  expectProblem(await cluster.node(0).call('cancelJob', { params: { id: jobs[0]! }, body: {} }), 'quorum_unreachable')
  expect(await cluster.node(0).ok('forgetMember', { body: { node: 'node-2', acceptLoss: true } })).toMatchObject({
    forgotten: [{ instance: lost[1], state: 'forgotten' }],
    adopted: 5,
  })
  for (const id of jobs) {
    const { job } = await cluster.node(3).ok('cancelJob', { params: { id }, body: {} })
    expect(job.status).toBe('cancelled')
  }
  expect(await cluster.node(0).ok('forgetMember', { body: { node: 'node-2', acceptLoss: true } })).toMatchObject({
    adopted: 0,
  })
})
