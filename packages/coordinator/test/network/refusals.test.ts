import { type LedgerRecord, type PeerMessage, wireVersion } from '@skyclaw/protocol'
import { beforeEach, expect, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { expectProblem } from '../http/conformity.ts'
import { shellJob } from '../http/test-coordinator.ts'
import { Cluster } from './cluster.ts'

let cluster: Cluster
let to: string
let from: string
let record: LedgerRecord
beforeEach(async () => {
  cluster = await Cluster.start(2)
  await cluster.node(0).ok('enqueueJob', { body: shellJob() })
  await cluster.agreed()
  to = (await cluster.peersOf(0)).self.instance
  from = (await cluster.peersOf(1)).self.instance
  record = (await cluster.node(0).ok('readSnapshot')).records[0]!
})

/** Everything that a message could change: what is known, and how far the coordinator has come. */
async function state() {
  const { records } = await cluster.node(0).ok('readFeed')
  const { self, peers } = await cluster.peersOf(0)
  return JSON.stringify([
    records,
    self.instance,
    self.replication,
    peers.map(({ instance, state: is }) => [instance, is]),
  ])
}

const batch = (more: object = {}) => ({
  ...{ version: wireVersion, from, boot: 'another-process', turn: 1_000_000, to, messages: [] },
  ...more,
})

/** Each of another number: what was logged a moment ago is not logged again. */
let highest = 8_000_000_000_000_000
const high = (node: string) => ({ n: (highest -= 1), node })

const ballot = (node: string) => ({ n: 1_000, node })

/** A request that would be taken as it is. */
const accept = (): PeerMessage & object => ({
  type: 'accept',
  key: record.key,
  generation: record.version.generation,
  ballot: ballot(from),
  set: record.set,
  proposal: { value: record.value, writtenAt: record.writtenAt },
  next: { n: 1_001, node: from },
})

type Refused = [what: string, field: string | undefined, body: () => unknown]

const refused: Refused[] = [
  ['another version of the messages', 'version', () => batch({ version: wireVersion + 1, unknown: 1 })],
  ['no version', 'version', () => ({ ...batch(), version: undefined })],
  ['another receiver', 'to', () => batch({ to: from })],
  ['a field too much', 'extra', () => batch({ extra: 1 })],
  ['a type that there is not', 'messages.0.type', () => batch({ messages: [{ type: 'obey' }] })],
  ['half a message', undefined, () => batch({ messages: [{ type: 'prepare', key: record.key }] })],
  ['one bad message after a good one', 'messages.1.type', () => batch({ messages: [accept(), { type: 'x' }] })],
  ['the ballot of another', 'messages.0', () => batch({ messages: [{ ...accept(), ballot: ballot(to) }] })],
  ['a next ballot that is not next', 'messages.0', () => batch({ messages: [{ ...accept(), next: ballot(from) }] })],
  [
    'a replica set that cannot agree',
    'messages.0',
    () => batch({ messages: [{ ...accept(), set: { replicas: [to], m: 2 } }] }),
  ],
  [
    'a ballot that nobody can have counted up to',
    'messages.0',
    () => batch({ messages: [{ ...accept(), next: high(from), ballot: high(from) }] }),
  ],
  [
    'a next ballot that nobody comes after',
    'messages.0',
    () => batch({ messages: [{ ...accept(), next: high(from) }] }),
  ],
  [
    'a refusal by a promise that nobody comes after',
    'messages.0',
    () =>
      batch({
        messages: [
          {
            ...{
              type: 'refused',
              key: record.key,
              generation: 0,
              ballot: ballot(to),
              phase: 'prepare',
              reason: 'ballot',
            },
            promised: high(from),
          },
        ],
      }),
  ],
  [
    'a record under a version that none comes after',
    'messages.0',
    () => {
      const version = { ...record.version, ballot: high(from) }
      return batch({ messages: [{ type: 'learn', key: record.key, version, record: { ...record, version } }] })
    },
  ],
  [
    'an answer that holds a record in a set that cannot agree',
    'messages.0',
    () => {
      const { key, version, value, writtenAt } = record
      const held = { version, set: { replicas: [from], m: 3 }, proposal: { value, writtenAt } }
      return batch({ messages: [{ type: 'told', id: 'x', holdings: [{ key, accepted: held }] }] })
    },
  ],
  ['a value under the key of another', 'messages.0', () => batch({ messages: [{ ...accept(), key: 'job:other' }] })],
  [
    'a job that breaks a rule',
    'messages.0',
    () =>
      batch({
        messages: [{ ...accept(), proposal: { value: { ...record.value, status: 'leased' }, writtenAt: 1 } }],
      }),
  ],
  [
    'a learned record of another key',
    'messages.0',
    () => batch({ messages: [{ type: 'learn', key: 'job:other', version: record.version, record }] }),
  ],
]

test('a batch of peer messages in which anything is wrong is refused as a whole, logged with its sender, and changes nothing', async () => {
  const before = await state()
  for (const [what, field, body] of refused) {
    const logged = cluster.logs[0]!.length
    const answer = await cluster.node(0).call('replicateMessages', { body: body() })
    const problem = expectProblem(answer, 'invalid_request')
    if (field !== undefined) expect(problem.field, what).toBe(field)
    expect(await state(), what).toBe(before)
    const line = cluster.logs[0]!.slice(logged).find(({ msg }) => msg.startsWith("a peer's message was refused"))
    const sender = (body() as { from: string }).from
    expect(line, what).toMatchObject({ level: 40, nodeId: 'node-0', ip: '127.0.0.1', from: sender })
  }
  expectProblem(await cluster.node(0).call('replicateMessages', { body: batch({ from: 'nobody' }) }), 'not_a_member')
  expect(await state()).toBe(before)
  // Nor does it stand in the way of the one in whose name it came.
  await cluster.node(0).ok('enqueueJob', { body: shellJob() })
})

test('a message of a process that is behind what was seen of its instance is refused as stale', async () => {
  const before = await state()
  const problem = expectProblem(
    await cluster.node(0).call('replicateMessages', { body: batch({ turn: 0, messages: [accept()] }) }),
    'stale_instance',
  )
  expect(problem.retryable).toBe(false)
  expect(await state()).toBe(before)
})

const news = (more: object = {}) => ({
  ...{ nodeId: 'x', instance: from, url: '', version: '1', state: 'alive', wire: { min: 1, max: wireVersion } },
  ...{ incarnation: 1, boot: 'b', turn: 1, feedSeq: 0, ready: true },
  ...more,
})

test('signs of life in another version or shape are refused and logged', async () => {
  const bodies = [
    { version: wireVersion + 1, self: news(), members: [], hosts: [] },
    { version: wireVersion, self: { ...news(), feedSeq: undefined }, members: [], hosts: [] },
    { version: wireVersion, self: news(), members: [], peers: [] },
    { version: wireVersion, self: news(), hosts: [] },
  ]
  for (const body of bodies) expectProblem(await cluster.node(0).call('gossip', { body }), 'invalid_request')
  expect(cluster.logs[0]!.filter(({ level, from: sender }) => level === 40 && sender === from)).toHaveLength(4)
})

test('a peer that answers with nonsense is not counted on, and logged', async () => {
  const { default: Fastify } = await import('fastify')
  await cluster.stopNode(1)
  const broken = Fastify()
  broken.post('/v1/network/gossip', async () => ({ version: wireVersion, self: { boot: 1 }, hosts: 'none' }))
  await broken.listen({ host: '127.0.0.1', port: cluster.ports[1]! })
  try {
    const line = await until('the answer to be noticed', () =>
      cluster.logs[0]!.find(({ msg }) => /answered gossip with what is not the protocol/.test(msg)),
    )
    expect(line).toMatchObject({ level: 40, peer: cluster.url(1) })
    await until('it not to count as live', async () => (await cluster.peersOf(0)).self.replication!.live === 1)
  } finally {
    await broken.close()
  }
})

test('an exchange that names a hundred thousand members is refused, and none of them is remembered', async () => {
  const before = await state()
  const member = { nodeId: 'a', url: '', version: '', state: 'dead', wire: { min: 1, max: 1 }, incarnation: 0 }
  const members = Array.from({ length: 100_000 }, (_, index) => ({ ...member, instance: `i${index}`, ready: true }))
  const body = { version: wireVersion, self: news(), members, hosts: [] }
  const { detail } = expectProblem(await cluster.node(0).call('gossip', { body }), 'invalid_request')
  expect(detail).toMatch(/members/)
  const larger = { ...body, members: members.map((it) => ({ ...it, url: `http://192.0.2.1/${'x'.repeat(200)}` })) }
  expectProblem(await cluster.node(0).call('gossip', { body: larger }), 'payload_too_large')
  expect(await state()).toBe(before)
})

test('a coordinator at a configured URL that takes no others is named in the log, and so is why', async () => {
  await cluster.stopNode(1)
  cluster.loseDatabase(1)
  await cluster.startNode(1, { peerUrls: ['http://127.0.0.1:9'], peerDiscovery: false })
  const line = await until('the line', () => cluster.logs[0]!.find(({ msg }) => msg.includes('discovery is off')))
  expect(line).toMatchObject({ level: 40, peer: cluster.url(1) })
  expect((await cluster.peersOf(0)).self.replication!.live).toBe(1)
  expectProblem(await cluster.node(0).call('enqueueJob', { body: shellJob() }), 'insufficient_replicas')
})
