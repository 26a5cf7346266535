import { type MemberUpdate, wireRange, wireVersion } from '@skyclaw/protocol'
import Fastify, { type FastifyInstance } from 'fastify'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import type { CoordinatorOptions } from '../../src/options.ts'
import { coordinator } from '../../src/plugin.ts'
import { expectProblem } from '../http/conformity.ts'
import { scratchFolder, shellJob, startTestCoordinator, type TestCoordinator, token } from '../http/test-coordinator.ts'

const gossipIntervalMs = 100

/** Waits until each works with as many others as there are, and has caught up. */
async function met(nodes: readonly TestCoordinator[], others = nodes.length - 1): Promise<void> {
  for (const node of nodes) {
    await until('all to have met', async () => {
      const { self, peers } = await node.ok('listPeers')
      const caughtUp = peers.filter(({ state, ready }) => state === 'alive' && ready)
      return self.ready && self.replication!.live === others + 1 && caughtUp.length === others
    })
  }
}

const enqueue = (node: TestCoordinator) => node.ok('enqueueJob', { body: shellJob() })

test('a server says that it is standalone as long as it is, and not a moment longer', async () => {
  const a = await startTestCoordinator({ gossipIntervalMs, nodeId: 'a' })
  const said = () => [a.running.standalone, a.running.app.skyclaw.standalone]
  expect(said()).toEqual([true, true])
  const b = await startTestCoordinator({ gossipIntervalMs, nodeId: 'b', peerUrls: [a.running.url] })
  expect(b.running.standalone).toBe(false)
  await met([a, b])
  expect(said()).toEqual([false, false])
})

test('as many as were asked for must have a change, whether there was ever another one or not', async () => {
  const one = await startTestCoordinator({ gossipIntervalMs, nodeId: 'one', minReplications: 1 })
  const two = await startTestCoordinator({ gossipIntervalMs, nodeId: 'two', minReplications: 2 })
  expect((await two.ok('readHealth')).standalone).toBe(true)
  expectProblem(await two.call('enqueueJob', { body: shellJob() }), 'insufficient_replicas')
  const beside = await startTestCoordinator({ gossipIntervalMs, nodeId: 'beside', peerUrls: [one.running.url] })
  await met([one, beside])
  expect((await enqueue(one)).durability).toMatchObject({ minimum: 1, standalone: false })
  expect((await enqueue(beside)).durability).toMatchObject({ minimum: 2, standalone: false })
})

test('a coordinator without a token is joined by one without a token, and by no other', async () => {
  const a = await startTestCoordinator({ gossipIntervalMs, nodeId: 'a', token: undefined })
  const peerUrls = [a.running.url]
  const stranger = await startTestCoordinator({ gossipIntervalMs, nodeId: 'stranger', token: 'another', peerUrls })
  const b = await startTestCoordinator({ gossipIntervalMs, nodeId: 'b', token: undefined, peerUrls })
  await met([a, b])
  const [unheard] = (await stranger.ok('listPeers')).peers
  expect(unheard).toMatchObject({ url: a.running.url, state: 'dead' })
})

async function embed(options: Partial<CoordinatorOptions>): Promise<FastifyInstance> {
  const app = Fastify()
  onTestFinished(() => app.close())
  const dbPath = join(scratchFolder(), 'embedded.db')
  await app.register(coordinator, { dbPath, token, nodeId: 'embedded', gossipIntervalMs, ...options })
  return app
}

const nobody = {
  ...{ nodeId: 'x', instance: 'x', url: '', version: '1', wire: wireRange, state: 'alive', boot: 'x', incarnation: 0 },
  ...{ turn: 0, feedSeq: 0, ready: true },
}
const asked = { version: wireVersion, self: nobody, members: [], hosts: [] }

test('a coordinator under a prefix of another server joins and is joined at that server, once that listens', async () => {
  const a = await startTestCoordinator({ gossipIntervalMs, nodeId: 'a' })
  const app = await embed({ prefix: '/skyclaw', peerUrls: [a.running.url] })
  const headers = { 'x-skyclaw-token': token }
  const gossip = { method: 'POST', url: '/skyclaw/v1/network/gossip', headers, payload: asked } as const
  const urlNow = async () => (await app.inject(gossip)).json<{ self: { url: string } }>().self.url
  // Before it listens it can be asked, and asks nobody.
  expect(await urlNow()).toBe('')
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  expect(await urlNow()).toBe(`${address}/skyclaw`)
  const c = await startTestCoordinator({ gossipIntervalMs, nodeId: 'c', peerUrls: [`${address}/skyclaw`] })
  await met([a, c], 2)
})

test('an instance that hears that it was forgotten ends, and is a new one after that, whoever it reaches', async () => {
  const dbPath = join(scratchFolder(), 'a.db')
  const failures: Error[] = []
  const onFatal = (error: Error) => void failures.push(error)
  const a = await startTestCoordinator({ gossipIntervalMs, nodeId: 'a', dbPath, onFatal })
  const b = await startTestCoordinator({ gossipIntervalMs, nodeId: 'b', peerUrls: [a.running.url] })
  await met([a, b])
  const { instance } = (await a.ok('listPeers')).self
  const { self } = await b.ok('gossip', { body: asked })
  const { nodeId, url, version, wire, incarnation, ready } = (await a.ok('gossip', { body: asked })).self
  const forgotten: MemberUpdate = { nodeId, instance, url, version, wire, incarnation, ready, state: 'forgotten' }
  await a.ok('gossip', { body: { ...asked, self, members: [forgotten] } })
  await until('it to be told', () => failures.length > 0)
  expect(failures[0]!.message).toMatch(/was forgotten, and becomes an instance of its own/)
  await b.running.close()
  await a.running.close()
  const again = await startTestCoordinator({ gossipIntervalMs, nodeId: 'a', dbPath })
  const renewed = (await again.ok('listPeers')).self.instance
  expect(renewed).not.toBe(instance)
  await again.running.close()
  const last = await startTestCoordinator({ gossipIntervalMs, nodeId: 'a', dbPath })
  expect((await last.ok('listPeers')).self.instance).toBe(renewed)
})
