import { problem, problemContentType, wireVersion } from '@skyclaw/protocol'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { CallResult, GossipRequest, MemberCalls } from '../network/membership.ts'
import { answerChallenge, type Challenge } from './challenge.ts'
import { HttpMemberCalls } from './member-calls.ts'
import { PeerClient } from './peer-client.ts'
import { ThrottledLog } from './throttled-log.ts'
import { Traffic } from './traffic.ts'

const token = 'the-token'
const news = {
  ...{ nodeId: 'b', instance: 'b', url: 'http://b', version: '1', state: 'alive' as const, boot: 'x' },
  ...{ incarnation: 0, turn: 0, ready: true, feedSeq: 0, wire: { min: 1, max: 1 } },
}
const request: GossipRequest = { version: wireVersion, self: news, members: [], hosts: [] }
const answer = { ...request, seen: { known: true, turn: 0 } }
const timeoutMs = 2_000

function bench() {
  const traffic = new Traffic()
  const lines: string[] = []
  const log = { info: () => undefined, warn: (_: unknown, line?: string) => void lines.push(String(line)) }
  const clients = new Map<string, PeerClient>()
  const changes = { count: 0 }
  const calls = new HttpMemberCalls({
    ...{ token, instance: 'a', traffic },
    warnings: new ThrottledLog(log as never, () => performance.now()),
    client: (url) => {
      const client = clients.get(url) ?? new PeerClient(url, token, traffic)
      clients.set(url, client)
      return client
    },
    versionFor: () => wireVersion,
    monotonic: () => performance.now(),
    onGossip: () => undefined,
    onChange: () => void (changes.count += 1),
  })
  onTestFinished(async () => {
    calls.close()
    await Promise.all([...clients.values()].map((client) => client.close()))
  })
  return { calls, traffic, lines, clients, changes }
}

/** A server that may be anything; answers its URL and what it was sent. */
async function serve(handler: RequestListener) {
  const server = createServer(handler)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const json =
  (value: unknown, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of incoming) text += String(chunk)
  return JSON.parse(text)
}

const gossip = (calls: MemberCalls, url: string) =>
  new Promise<CallResult<unknown>>((done) => calls.gossip(url, request, timeoutMs, done))
const challenge = (calls: MemberCalls, url: string, withinMs = timeoutMs) =>
  new Promise<CallResult<unknown>>((done) => calls.challenge(url, withinMs, done))

test('an exchange carries the token and the version that both speak, and its bytes are counted both ways', async () => {
  const { calls, traffic, changes } = bench()
  const seen: unknown[] = []
  const url = await serve((incoming, response) => {
    seen.push(incoming.headers['x-skyclaw-token'])
    json(answer)(incoming, response)
  })
  expect(await gossip(calls, url)).toEqual({ ok: true, answer })
  expect(seen).toEqual([token])
  const sent = JSON.stringify(request).length
  expect(traffic.sent.get('gossip')).toEqual({ messages: 1, bytes: sent })
  expect(traffic.received.get('gossip')).toEqual({ messages: 1, bytes: JSON.stringify(answer).length })
  expect(changes.count).toBe(1)
})

const member = { ...news, instance: 'm' }
const { boot: _boot, turn: _turn, feedSeq: _feedSeq, ...update } = member
test.each<[string, unknown, string]>([
  ['in a version that nobody here speaks', { ...answer, version: 7 }, 'speaks version 7 of the messages, not 1'],
  ['with 100,000 members', { ...answer, members: Array.from({ length: 100_000 }, () => update) }, 'answered'],
  ['without who it is', { ...answer, self: {} }, 'not the protocol'],
])('an answer %s is malformed, and told of once with the name of the peer', async (_, value, message) => {
  const { calls, lines } = bench()
  const url = await serve(json(value))
  for (let time = 0; time < 3; time += 1) {
    const result = await gossip(calls, url)
    expect(result).toMatchObject({ ok: false, failure: { kind: 'malformed' } })
    expect(JSON.stringify(result)).toContain(message)
  }
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(url)
})

test('a refusal has its code, and a closed port is one', async () => {
  const { calls } = bench()
  const url = await serve((_, response) => {
    const document = problem('not_a_member', 'who are you?')
    response.writeHead(document.status, { 'content-type': problemContentType }).end(JSON.stringify(document))
  })
  expect(await gossip(calls, url)).toMatchObject({ ok: false, failure: { kind: 'refused', code: 'not_a_member' } })
  const nobody = await gossip(calls, 'http://127.0.0.1:1')
  expect(nobody).toMatchObject({ ok: false, failure: { kind: 'unreachable', portClosed: true } })
})

test('whoever answers a challenge is believed when it knows the token, which it is not sent', async () => {
  const { calls, clients, traffic } = bench()
  const heads: unknown[] = []
  let own = ''
  const url = await serve((incoming, response) => {
    heads.push(incoming.headers)
    void bodyOf(incoming).then((body) => {
      heads.push(body)
      const self = { nodeId: 'b', instance: 'b', boot: 'x', url: own }
      json(answerChallenge(token, body as Challenge, self))(incoming, response)
    })
  })
  own = url
  expect(await challenge(calls, url)).toEqual({ ok: true, answer: { instance: 'b', nodeId: 'b', boot: 'x' } })
  expect(JSON.stringify(heads)).not.toContain(token)
  expect(clients.size).toBe(0)
  expect(traffic.sent.get('challenge')?.messages).toBe(1)
})

test('a challenge answered without knowing the token, at great length, elsewhere or not at all is answered by nobody', async () => {
  const { calls } = bench()
  let redirected = 0
  const elsewhere = await serve((incoming, response) => {
    redirected += 1
    void bodyOf(incoming).then((body) => {
      const { url } = body as Challenge
      json(answerChallenge(token, body as Challenge, { nodeId: 'b', instance: 'b', boot: 'x', url }))(
        incoming,
        response,
      )
    })
  })
  const proof = 'f'.repeat(64)
  const imposters: [RequestListener, string][] = [
    [json({ nodeId: 'b', instance: 'b', boot: 'x', proof }), 'malformed'],
    [json({ nodeId: 'b', instance: 'b', boot: 'x', proof, more: 'x'.repeat(20_000) }), 'malformed'],
    [
      (_, response) => void response.writeHead(307, { location: `${elsewhere}/v1/network/challenge` }).end(),
      'malformed',
    ],
    [() => undefined, 'unreachable'],
  ]
  for (const [handler, kind] of imposters) {
    expect(await challenge(calls, await serve(handler), 300)).toMatchObject({ ok: false, failure: { kind } })
  }
  expect(redirected).toBe(0)
})

test('what is no URL is not called', async () => {
  const { calls } = bench()
  for (const url of ['', 'nonsense', 'ftp://127.0.0.1/', 'file:///etc/passwd']) {
    expect(await challenge(calls, url)).toMatchObject({ ok: false, failure: { kind: 'malformed' } })
  }
  expect(await gossip(calls, 'nonsense')).toMatchObject({ ok: false, failure: { kind: 'malformed' } })
})

test('each challenge has a connection of its own, which ends with it', async () => {
  const { calls } = bench()
  let open = 0
  const server = createServer(json({ nodeId: 'b', instance: 'b', boot: 'x', proof: 'f'.repeat(64) }))
  server.on('connection', (socket) => {
    open += 1
    socket.on('close', () => void (open -= 1))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await Promise.all(Array.from({ length: 20 }, () => challenge(calls, url)))
  await expect.poll(() => open).toBe(0)
})

test('a close ends what is under way, and whatever comes later fails without a call', async () => {
  const { calls } = bench()
  let asked = 0
  const url = await serve(() => void (asked += 1))
  const waiting = challenge(calls, url, 60_000)
  await expect.poll(() => asked).toBe(1)
  calls.close()
  expect(await waiting).toMatchObject({ ok: false, failure: { kind: 'unreachable' } })
  expect(await gossip(calls, url)).toMatchObject({ ok: false, failure: { kind: 'unreachable' } })
  expect(asked).toBe(1)
})
