import { problem, problemContentType, wireVersion } from '@skyclaw/protocol'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { shellJobRecord } from '../../test/records.ts'
import { readFeedPage } from './feed-reader.ts'
import { PeerClient } from './peer-client.ts'
import { Traffic } from './traffic.ts'

const news = {
  ...{ nodeId: 'n', instance: 'b', url: '', version: '1', state: 'alive', boot: 'x', turn: 0, ready: true, feedSeq: 0 },
  ...{ incarnation: 0, wire: { min: 1, max: 1 } },
}
const gossip = { version: wireVersion, self: news, members: [], hosts: [], seen: { known: true, turn: 0 } }
const call = { body: '{}', timeoutMs: 1_000, maxAnswerBytes: 10_000 }

async function clientOf(handler: RequestListener, path = '') {
  const server = createServer(handler)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const traffic = new Traffic()
  const { port } = server.address() as AddressInfo
  const client = new PeerClient(`http://127.0.0.1:${port}${path}`, 'secret', traffic)
  onTestFinished(async () => {
    await client.close()
    server.closeAllConnections()
    server.close()
  })
  return { client, traffic, server }
}

const answering =
  (value: unknown, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }

test('a peer under a path is called there, with the token, and bytes both ways are counted', async () => {
  const seen: unknown[] = []
  const { client, traffic } = await clientOf((request, response) => {
    seen.push(request.url, request.headers['x-skyclaw-token'])
    answering(gossip)(request, response)
  }, '/skyclaw/')
  expect(await client.call('gossip', call)).toEqual(gossip)
  expect(seen).toEqual(['/skyclaw/v1/network/gossip', 'secret'])
  expect(traffic).toMatchObject({ sentBytes: 2, receivedBytes: JSON.stringify(gossip).length })
})

const malformed: [string, RequestListener][] = [
  ['no JSON', (_, response) => void response.end('<html>')],
  ['JSON of another shape', answering({ ...gossip, hosts: [{ id: 'h' }] })],
  ['more than it may', answering({ ...gossip, more: 'x'.repeat(call.maxAnswerBytes) })],
  ['a status without a problem document', answering({ error: 'no' }, 502)],
  ['a poisoned object', (_, response) => void response.end('{"__proto__": {"x": 1}}')],
]

test.each(malformed)('an answer of %s is malformed', async (_, handler) => {
  const { client } = await clientOf(handler)
  await expect(client.call('gossip', call)).rejects.toMatchObject({ name: 'PeerError', kind: 'malformed' })
})

test('a problem document is a refusal, which says what it says', async () => {
  const document = problem('stale_instance', 'behind')
  const { client } = await clientOf((_, response) => {
    response.writeHead(409, { 'content-type': problemContentType }).end(JSON.stringify(document))
  })
  await expect(client.call('gossip', call)).rejects.toMatchObject({
    kind: 'refused',
    problem: { code: 'stale_instance' },
  })
})

test('who does not answer in time, hangs up or is not there is unreachable', async () => {
  const silent = await clientOf(() => undefined)
  const startedAt = performance.now()
  const late = silent.client.call('gossip', { ...call, timeoutMs: 50 })
  await expect(late).rejects.toMatchObject({
    kind: 'unreachable',
    message: 'did not answer: nothing came within 50 ms',
    portClosed: false,
  })
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  const rude = await clientOf((request) => void request.socket.destroy())
  await expect(rude.client.call('gossip', call)).rejects.toMatchObject({ kind: 'unreachable', portClosed: false })
  const { client, server } = await clientOf(answering(gossip))
  await new Promise((resolve) => server.close(resolve))
  await expect(client.call('gossip', call)).rejects.toMatchObject({
    message: expect.stringContaining('ECONNREFUSED'),
    portClosed: true,
  })
})

test('a call that is given up while it waits for a connection is never made', async () => {
  const heard: string[] = []
  const { client } = await clientOf((request, response) => {
    heard.push(request.url!)
    setTimeout(() => answering({ ok: true })(request, response), 150)
  })
  const page = { params: { id: 'j', attempt: 1 }, timeoutMs: 5_000, maxAnswerBytes: 1_000 }
  // All connections are taken.
  const first = Array.from({ length: 5 }, () => client.call('readLogPage', page).catch(() => undefined))
  const waiting = { ...call, timeoutMs: 50 }
  await expect(client.call('gossip', waiting)).rejects.toMatchObject({ message: expect.stringContaining('50 ms') })
  const ended = new AbortController()
  const given = client.call('gossip', { ...call, signal: ended.signal })
  ended.abort()
  await expect(given).rejects.toMatchObject({ kind: 'unreachable' })
  await Promise.all(first)
  await client.call('readLogPage', page).catch(() => undefined)
  expect(heard.filter((url) => url.includes('gossip'))).toEqual([])
  expect(heard).toHaveLength(6)
})

test('closing ends what is under way', async () => {
  const { client } = await clientOf(() => undefined)
  const under = client.call('gossip', { ...call, timeoutMs: 60_000 }).catch((error: unknown) => error)
  await client.close()
  expect(await under).toMatchObject({ name: 'PeerError', kind: 'unreachable' })
})

const version = { generation: 0, ballot: { n: 1, node: 'b' } }
const value = {
  ...{ kind: 'host', id: 'h', name: 'h', capabilities: [], maxParallel: 1, labels: {}, registeredAt: 0, updatedAt: 0 },
}
const record = { seq: 7, key: 'host:h~00000000', version, set: { replicas: ['b'], m: 1 }, writtenAt: 0, value }
const page = (records: ({ seq: number } & Record<string, unknown>)[], instance = 'b') => {
  return { nodeId: 'n', instance, records, next: records.at(-1)?.seq ?? 0, more: false }
}
const request = { since: 0, limit: 10, brief: false }
const reading = { timeoutMs: 1_000, onWrong: (key: string, reason: string) => expect.fail(`${key}: ${reason}`) }

test('a page of a feed has records, or when it is brief their versions', async () => {
  const urls: string[] = []
  const { client } = await clientOf((incoming, response) => {
    urls.push(incoming.url!)
    answering(page([record, { seq: 8, key: 'k', version }]))(incoming, response)
  })
  const { seq, ...rest } = record
  const read = await readFeedPage(client, 'b', { ...request, brief: true }, reading)
  expect(read).toMatchObject({
    next: 8,
    more: false,
    records: [
      { seq, record: rest },
      { seq: 8, key: 'k', version },
    ],
  })
  expect(read.records[1]).not.toHaveProperty('record')
  expect(urls).toEqual(['/v1/replicate/feed?since=0&limit=10&brief=1'])
})

test.each([
  ['of another instance', page([record], 'c')],
  ['with a record without its value', page([{ seq: 7, key: 'k', version }])],
  [
    'with more records than were asked for',
    page(Array.from({ length: 11 }, (_, index) => ({ ...record, seq: index + 1 }))),
  ],
  ['in which the numbers do not go up', page([{ ...record, seq: 8 }, record])],
  ['whose next page begins further on than it goes', { ...page([record]), next: 8_000_000 }],
  ['that is empty and not the last', { ...page([]), next: 0, more: true }],
])('a page %s is refused as a whole', async (_, answer) => {
  const { client } = await clientOf(answering(answer))
  await expect(readFeedPage(client, 'b', request, reading)).rejects.toMatchObject({ kind: 'malformed' })
})

const jobWithoutLease = { ...shellJobRecord({ id: 'j', now: 0 }), status: 'leased' }

test.each([
  ['under a key that is not its own', { key: 'host:other~00000000' }, 'not the key of its value'],
  [
    'with a ballot that nobody can have counted',
    { version: { ...version, ballot: { n: 8e15, node: 'b' } } },
    'higher than anybody',
  ],
  ['with a replica set that cannot agree', { set: { replicas: ['b'], m: 2 } }, '2 of 1 replicas'],
  ['that breaks a rule', { key: 'job:j', value: jobWithoutLease }, 'a job has a lease exactly while it is leased'],
])('a record %s is left out of its page and told of, and the page is read to its end', async (_, wrong, reason) => {
  const before = { ...record, seq: 6 }
  const after = { ...record, seq: 8 }
  const { client } = await clientOf(answering(page([before, { ...record, ...wrong }, after])))
  const told: string[] = []
  const onWrong = (...what: string[]) => void told.push(what.join(': '))
  const read = await readFeedPage(client, 'b', request, { timeoutMs: 1_000, onWrong })
  expect(read.records.map(({ seq }) => seq)).toEqual([6, 8])
  expect(read.next).toBe(8)
  expect(told).toEqual([expect.stringContaining(reason)])
  expect(told[0]).toMatch(`${'key' in wrong ? wrong.key : record.key}: `)
})
