import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { limits, wireRange, wireVersion } from '@skyclaw/protocol'
import { beforeAll, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry, spawnCoordinator } from '../support/coordinator.ts'
import { enqueue } from '../support/enqueue.ts'
import { FakeCoordinator, proveAs } from '../support/fake-coordinator.ts'
import type { Http } from '../support/http.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

const token = 'of-this-network'
/** Challenges that one coordinator has under way at once are half as many, of which some may be seen to end after the next began. */
const maxConnections = 8
/** Strangers that it remembers. */
const maxStrangers = 256
const floodedJoins = 500
/** The wrong answers to the challenges of the flood take so long. */
const slowMs = 400
/** For so long a coordinator that joins waits for an answer. */
const patienceMs = 5_000
/** Lines of the log for a flood that says the same again and again. */
const maxLines = 100

let entry: string
let cluster: Cluster
beforeAll(async () => {
  entry = await bundleEntry(coordinatorEntry, tempFolder())
  cluster = await Cluster.start({ entry, names: ['a', 'b'], env: { SKYCLAW_TOKEN: token } })
}, 60_000)

const two = () => cluster.nodes as [ClusterNode, ClusterNode]

const join = (http: Http, url: string, more: { instance?: string; wire?: { min: number; max: number } } = {}) =>
  http.call('joinNetwork', {
    body: { nodeId: 'fake', instance: randomUUID(), url, version: '1.0.0', ...more },
    signal: AbortSignal.timeout(patienceMs),
  })

/** Whatever was said to the fake one, it was challenges alone, without the token. */
function expectOnlyChallenges({ heard }: FakeCoordinator): void {
  for (const { path, headers, body } of heard) {
    expect(path).toMatch(/\/v1\/network\/challenge$/)
    expect(JSON.stringify({ headers, body })).not.toContain(token)
  }
}

const warningsOf = ({ process }: ClusterNode) =>
  process
    .stdout()
    .split('\n')
    .filter((line) => line.includes('"level":40'))

/** The network is what it was: the two work with each other and nobody else, and a change needs both. */
async function expectUnharmed(): Promise<void> {
  await cluster.allLive()
  const [a, b] = two()
  await enqueue(a.http)
  await enqueue(b.http)
}

test('a coordinator with another token stays outside, and both sides say so', async () => {
  const [a] = two()
  const env = { SKYCLAW_TOKEN: 'of-another-network', SKYCLAW_COORDINATOR_NODE_ID: 'outside', SKYCLAW_PEER_URLS: a.url }
  const outside = spawnCoordinator({ folder: tempFolder(), entry, env })
  await outside.said(/could not join at [^"]*token/)
  await until('a warning', () => warningsOf(a).some((line) => line.includes('token')))
  const { peers } = await a.http.must('listPeers')
  expect(peers.map(({ nodeId }) => nodeId)).toEqual(['b'])
  await expectUnharmed()
})

test('nobody joins with a URL that does not answer, with a URL or an instance of somebody else', async () => {
  const [a, b] = two()
  const silent = await FakeCoordinator.start()
  const instance = await b.instance()
  const thief = await FakeCoordinator.start({ challengeMember: proveAs(instance, token) })
  const liar = await FakeCoordinator.start({ challengeMember: proveAs('somebody', 'a-guess') })
  const refusal = (code: string) => ({ status: 409, body: { code } })
  const answers = await Promise.all([
    join(a.http, silent.url),
    join(a.http, liar.url, { instance: 'somebody' }),
    join(a.http, b.url),
    join(a.http, thief.url, { instance }),
  ])
  expect(answers).toMatchObject(['url_unverified', 'url_unverified', 'url_unverified', 'stale_instance'].map(refusal))
  for (const fake of [silent, thief, liar]) {
    expect(fake.heard).toHaveLength(1)
    expectOnlyChallenges(fake)
    await until('a warning', () => warningsOf(a).some((line) => line.includes(fake.url)))
  }
  expect(await a.viewOf(b)).toMatchObject({ instance, state: 'alive' })
  await expectUnharmed()
})

/** A member list in the answer to a join that names addresses of a server. */
function listOf(count: number, { url }: FakeCoordinator, instance: string, selfUrl: string) {
  const more = { version: '1.0.0', state: 'alive' }
  const peers = Array.from({ length: count }, (_, index) => {
    return { nodeId: `n${index}`, instance: `named-${index}`, url: `${url}/${index}`, ...more }
  })
  return { self: { nodeId: 'fake', instance, url: selfUrl, ...more }, peers }
}

test(
  'a member list of 100,000 is not taken, and of one that is as long as can be, some are challenged, a few at once',
  { timeout: 60_000 },
  async () => {
    const [a, b] = two()
    const named = await FakeCoordinator.start()
    const nobody = await FakeCoordinator.start()
    const fakes: FakeCoordinator[] = []
    for (const [index, count] of [100_000, limits.members].entries()) {
      const instance = `bootstrap-${index}`
      const joinNetwork = () => listOf(count, index === 0 ? nobody : named, instance, fakes[index]!.url)
      fakes.push(await FakeCoordinator.start({ challengeMember: proveAs(instance, token), joinNetwork }))
    }
    const env = {
      SKYCLAW_TOKEN: token,
      SKYCLAW_COORDINATOR_NODE_ID: 'misled',
      SKYCLAW_PEER_URLS: [...fakes.map(({ url }) => url), a.url].join(','),
    }
    const misled = spawnCoordinator({ folder: tempFolder(), entry, env })
    await misled.said(new RegExp(`could not join at ${fakes[0]!.url}`))
    await misled.said(/joined the network through/)
    await until('it to work with the others', async () => (await b.livePeers()).includes('misled'))
    await until('the named to be challenged', () => named.heard.length > maxStrangers / 2)
    await enqueue(a.http)
    expect(nobody.heard).toEqual([])
    expectOnlyChallenges(named)
    expect(new Set(named.heard.map(({ path }) => path)).size).toBeLessThanOrEqual(maxStrangers)
    expect(named.mostConnections).toBeLessThanOrEqual(maxConnections)
    await misled.stop()
    await expectUnharmed()
  },
)

test(
  'a member that lies about its version, its neighbours, or what it is at all, is not worked with',
  { timeout: 60_000 },
  async () => {
    const [a, b] = two()
    const instance = randomUUID()
    const fake = await FakeCoordinator.start({
      challengeMember: proveAs(instance, token),
      gossip: { version: 'of everything' },
    })
    const strange = { min: wireVersion + 5, max: wireVersion + 9 }
    expect(await join(a.http, fake.url, { instance, wire: strange })).toMatchObject({
      status: 409,
      body: { code: 'not_a_member' },
    })
    expectOnlyChallenges(fake)
    expect(await join(a.http, fake.url, { instance })).toMatchObject({ status: 200 })

    const named = await FakeCoordinator.start()
    const own = { nodeId: 'fake', instance, url: fake.url, version: '1.0.0', wire: wireRange, state: 'alive' as const }
    const self = { ...own, incarnation: 1, ready: true, boot: 'a-process', turn: 1, feedSeq: 0 }
    const other = { nodeId: 'b', instance: await b.instance(), url: b.peerUrl, version: '1.0.0', wire: wireRange }
    const gossip = { version: wireVersion, self, members: [], hosts: [] }
    const malformed = [
      { ...gossip, version: wireVersion + 1 },
      { ...gossip, self: { ...self, wire: { min: 'none', max: 0 } } },
      { ...gossip, self: { ...self, turn: -1 } },
      { ...gossip, members: 'all' },
      { ...gossip, members: [{ ...other, state: 'divine', incarnation: 1, ready: true }] },
    ]
    for (const body of malformed) {
      expect(await a.http.call('gossip', { body: body as typeof gossip })).toMatchObject({ status: 400 })
    }
    // What it says of others can make them speak for themselves, and no more.
    const dead = { ...other, state: 'dead' as const, incarnation: 1_000, ready: true, by: instance }
    const moved = { ...other, url: named.url, state: 'alive' as const, incarnation: 2_000, ready: true }
    for (const members of [[dead], [moved]]) {
      expect(await a.http.call('gossip', { body: { ...gossip, members } })).toMatchObject({ status: 200 })
    }
    await until('the address to be challenged', () => named.heard.length > 0)
    await until('what it is to be seen', async () => {
      const view = (await a.http.must('listPeers')).peers.find((peer) => peer.instance === instance)
      return view?.troubles?.includes('unreachable') || view?.state === 'dead'
    })
    expectOnlyChallenges(named)
    await expectUnharmed()
    expect(await a.viewOf(b)).toMatchObject({ instance: other.instance, state: 'alive' })
    expect(a.process.stdout()).not.toContain('peer b counts as dead')
  },
)

test(
  'a flood of joins is refused with few challenges and few lines, while work goes on and others join',
  {
    timeout: 60_000,
  },
  async () => {
    const [a, b] = two()
    const before = warningsOf(a).length
    const slow = await FakeCoordinator.start({ challengeMember: () => pause(slowMs, {}) })
    const codes = new Map<string, number>()
    const floodOne = async (_: unknown, index: number) => {
      const answer = await join(a.http, `${slow.url}/${index}`).catch(() => undefined)
      const code = answer ? (answer.body as { code?: string }).code! : 'none'
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    const flood = Promise.all(Array.from({ length: floodedJoins }, floodOne))
    const startedAt = performance.now()
    await enqueue(a.http)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    await flood
    expect([...codes.keys()].toSorted()).toEqual(['too_busy', 'url_unverified'])
    expect(codes.get('too_busy')).toBeGreaterThan(floodedJoins * 0.8)

    const env = {
      SKYCLAW_TOKEN: token,
      SKYCLAW_COORDINATOR_NODE_ID: 'late',
      SKYCLAW_PEER_URLS: [a.url, b.url].join(','),
    }
    spawnCoordinator({ folder: tempFolder(), entry, env: { ...env, SKYCLAW_COORDINATOR_HOST: '127.0.0.1' } })
    const joinedAt = performance.now()
    const areThree = async () => (await a.livePeers()).includes('late') && (await b.livePeers()).includes('late')
    await until('one more to join', areThree, { deadlineMs: 30_000, everyMs: 50 })
    process.stdout.write(`joined in the middle of a flood after ${Math.round(performance.now() - joinedAt)} ms\n`)
    expect(slow.mostConnections).toBeLessThanOrEqual(maxConnections)
    expectOnlyChallenges(slow)
    expect(warningsOf(a).length - before).toBeLessThan(maxLines)
  },
)
