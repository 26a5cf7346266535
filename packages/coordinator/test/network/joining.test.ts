import { expect, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { expectProblem } from '../http/conformity.ts'
import { shellJob } from '../http/test-coordinator.ts'
import { Cluster } from './cluster.ts'

test('a chain of five, each given only the one before, finds itself, and needs no bootstrap peer when it is restarted', async () => {
  const cluster = await Cluster.plan(5)
  const startAt = (index: number) => cluster.startNode(index, { peerUrls: index === 0 ? [] : [cluster.url(index - 1)] })
  await Promise.all([4, 3, 2, 1, 0].map(startAt))
  await cluster.settled()
  const everyone = new Set(await Promise.all([0, 1, 2, 3, 4].map((index) => cluster.instanceOf(index))))
  await cluster.stopNode(4)
  await cluster.startNode(4, { peerUrls: [] })
  await cluster.settled()
  for (const index of [0, 1, 2, 3, 4]) {
    const { self, peers } = await cluster.peersOf(index)
    expect(peers).toHaveLength(4)
    expect(new Set([self, ...peers].map(({ instance }) => instance))).toEqual(everyone)
    expect(self.standalone).toBe(false)
    for (const peer of peers) expect(peer).toMatchObject({ state: 'alive', incarnation: expect.any(Number) })
  }
  const { durability } = await cluster.node(4).ok('enqueueJob', { body: shellJob() })
  expect(durability).toEqual({ replicas: 3, minimum: 2, standalone: false })
})

test('a lone coordinator takes a second one: what it has spreads there, and from then on nothing is kept by one alone', async () => {
  const cluster = await Cluster.plan(2)
  const alone = await cluster.startNode(0, { peerUrls: [] })
  const first = await alone.ok('enqueueJob', { body: shellJob() })
  expect(first.durability).toEqual({ replicas: 1, minimum: 1, standalone: true })
  expect((await cluster.peersOf(0)).self.standalone).toBe(true)
  expect((await alone.ok('readHealth')).standalone).toBe(true)

  const second = await cluster.startNode(1)
  await cluster.settled()
  const both = [await cluster.instanceOf(0), await cluster.instanceOf(1)].toSorted()
  for (const node of [alone, second]) {
    await until('both to keep each record', async () => {
      const { records } = await node.ok('readSnapshot')
      const kept = records.filter(({ set, moved }) => {
        const { m, replicas } = moved ?? set
        return m === 2 && replicas.toSorted().join() === both.join()
      })
      return records.length === 1 && kept.length === 1
    })
  }
  expect((await second.ok('getJob', { params: { id: first.job.id } })).job.status).toBe('queued')
  const later = await alone.ok('enqueueJob', { body: shellJob() })
  expect(later.durability).toEqual({ replicas: 2, minimum: 2, standalone: false })
  expect((await alone.ok('readHealth')).standalone).toBe(false)

  await cluster.stopNode(1)
  await cluster.stopNode(0)
  const again = await cluster.startNode(0, { peerUrls: [] })
  expect((await again.ok('readHealth')).standalone).toBe(false)
  expectProblem(await again.call('enqueueJob', { body: shellJob() }), 'insufficient_replicas')
})

test('a bootstrap URL at which nobody ever answered is shown with why, and so is when it answers', async () => {
  const cluster = await Cluster.plan(2)
  await cluster.startNode(0)
  const { peers } = await until('it to be shown', async () => {
    const view = await cluster.peersOf(0)
    return view.peers[0]?.detail !== undefined && view
  })
  expect(peers).toEqual([{ url: cluster.url(1), state: 'dead', troubles: ['unheard'], detail: expect.any(String) }])
  expect(peers[0]!.detail).toContain(cluster.url(1))
  await cluster.startNode(1)
  await cluster.settled()
  expect((await cluster.peersOf(0)).peers).toHaveLength(1)
})

test('two live coordinators of one name are shown as a conflict by both and by a third, and logged', async () => {
  const cluster = await Cluster.plan(3)
  await cluster.startNode(0)
  await cluster.startNode(1, { nodeId: 'node-0' })
  await cluster.startNode(2)
  const conflicting = async (index: number) => {
    const { peers } = await cluster.peersOf(index)
    return peers.filter(({ troubles }) => troubles?.includes('name_conflict')).map(({ url }) => url)
  }
  await until('the third to see it', async () => (await conflicting(2)).length === 2)
  await until('the first to see it', async () => (await conflicting(0)).length === 1)
  await until('the second to see it', async () => (await conflicting(1)).length === 1)
  expect(await conflicting(0)).toEqual([cluster.url(1)])
  const line = cluster.logs[0]!.find(({ msg }) => msg.startsWith('two live coordinators are called node-0'))
  expect(line).toMatchObject({ level: 40, peer: cluster.url(1) })
  await cluster.stopNode(1)
  await until('the conflict to end', async () => (await conflicting(0)).length === 0)
})

test('without discovery the members are exactly those that are configured, and who else wants to join is told so', async () => {
  const cluster = await Cluster.plan(3)
  const urls = [0, 1, 2].map((index) => cluster.url(index))
  await cluster.startNode(0, { peerUrls: [urls[1]!], peerDiscovery: false })
  await cluster.startNode(1, { peerUrls: [urls[0]!], peerDiscovery: false })
  await cluster.settled()
  await cluster.startNode(2)
  const line = await until('the refusal to be logged', () =>
    cluster.logs[2]!.find(({ msg }) => msg.includes('discovery is off')),
  )
  expect(line).toMatchObject({ level: 40, peer: urls[0] })
  for (const index of [0, 1])
    expect((await cluster.peersOf(index)).peers.map(({ url }) => url)).toEqual([urls[1 - index]])
  const body = { nodeId: 'x', instance: 'x'.repeat(32), url: urls[2], version: '1' }
  const { detail } = expectProblem(await cluster.node(0).call('joinNetwork', { body }), 'not_a_member')
  expect(detail).toContain(`${urls[2]} is none of the configured peer URLs`)
})
