import { buildPath, type ProblemCode, routes, wireRange, wireVersion } from '@skyclaw/protocol'
import { Agent, request as httpRequest } from 'node:http'
import { beforeEach, expect, test } from 'vitest'
import { freePort } from '../../../../test/support/free-port.ts'
import { until } from '../../../../test/support/until.ts'
import { expectProblem } from '../http/conformity.ts'
import { token } from '../http/test-coordinator.ts'
import { Cluster } from './cluster.ts'
import { answerAs, Recorder, type Respond } from './recorder.ts'

const stranger = 'b'.repeat(32)

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start(2)
})

const join = (url: string, instance = stranger) =>
  cluster.node(0).call('joinNetwork', { body: { nodeId: 'stranger', instance, url, version: '1' } })

/** Waits until both have gone through some rounds of gossip: time enough for calls that must not be made. */
async function someRounds(): Promise<void> {
  const sent = async () => (await cluster.peersOf(0)).self.traffic!.sent['gossip']?.messages ?? 0
  const before = await sent()
  await until('some rounds of gossip', async () => (await sent()) >= before + 4)
}

async function memberIds(): Promise<(string | undefined)[]> {
  const views = await Promise.all([0, 1].map((index) => cluster.peersOf(index)))
  return views.flatMap(({ peers }) =>
    peers.filter(({ troubles }) => !troubles?.includes('unverified')).map((peer) => peer.instance),
  )
}

/** Exactly one challenge, without the token in any form. */
function expectOneChallenge({ requests, url }: Recorder): void {
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/network/challenge'])
  const { headers, body } = requests[0]!
  expect(Object.keys(headers)).not.toContain('x-skyclaw-token')
  expect(Object.keys(headers)).not.toContain('authorization')
  expect(JSON.stringify(requests[0])).not.toContain(token)
  expect(JSON.parse(body)).toEqual({
    url,
    nonce: expect.stringMatching(/^[0-9a-f]{64}$/),
    proof: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
}

async function refusedAt(respond: Respond, code: ProblemCode, instance?: string): Promise<string> {
  const before = await memberIds()
  const recorder = await Recorder.start(respond)
  const problem = expectProblem(await join(recorder.url, instance), code)
  await someRounds()
  expectOneChallenge(recorder)
  expect(await memberIds()).toEqual(before)
  const line = cluster.logs[0]!.find(
    ({ msg, peer }) => peer === recorder.url && msg.includes('does not become a member'),
  )
  expect(line).toMatchObject({ level: 40, peerNodeId: 'stranger' })
  return problem.detail
}

test('a joiner whose URL answers as somebody else is refused, and gets nothing but one challenge', async () => {
  expect(await refusedAt(answerAs('c'.repeat(32), token), 'url_unverified')).toMatch(/answers as instance c{32}/)
})

test('a joiner whose URL answers without knowing the token is refused, and gets nothing but one challenge', async () => {
  expect(await refusedAt(answerAs(stranger, 'another-token'), 'url_unverified')).toMatch(/^http:/)
})

test('a joiner whose URL answers with what is not the protocol is refused, and gets nothing but one challenge', async () => {
  expect(await refusedAt(() => ({ instance: stranger, proof: 'x' }), 'url_unverified')).toMatch(/^http:/)
})

test('a joiner whose URL takes requests and never answers is refused, and gets nothing but one challenge', async () => {
  expect(await refusedAt(() => undefined, 'url_unverified')).toMatch(/^http:/)
})

test('a joiner at whose URL nobody listens is refused', async () => {
  const { detail, retryable } = expectProblem(await join(`http://127.0.0.1:${await freePort()}`), 'url_unverified')
  expect(detail).toMatch(/^http:\/\/127\.0\.0\.1:\d+ /)
  expect(retryable).toBe(true)
})

test('a joiner that names the URL of a member is refused, and the member stays what it is', async () => {
  const before = await cluster.peersOf(0)
  expectProblem(await join(cluster.url(1)), 'url_unverified')
  expectProblem(await join(cluster.url(0)), 'not_a_member')
  await someRounds()
  const [peer] = (await cluster.peersOf(0)).peers
  expect(peer).toMatchObject({ instance: before.peers[0]!.instance, url: cluster.url(1), state: 'alive' })
  expect((await cluster.peersOf(0)).self.replication!.live).toBe(2)
})

test('a joiner that takes the instance of a live member is refused, whether it knows the token or not', async () => {
  const instance = await cluster.instanceOf(1)
  await refusedAt(answerAs(instance, 'another-token'), 'url_unverified', instance)
  expect(await refusedAt(answerAs(instance, token), 'stale_instance', instance)).toContain('one database is a copy')
  expect(await cluster.viewOf(instance, 0)).toMatchObject({ url: cluster.url(1), state: 'alive' })
})

test('a joiner with another token is refused before anything is looked at', async () => {
  const recorder = await Recorder.start(answerAs(stranger, token))
  const body = { nodeId: 'stranger', instance: stranger, url: recorder.url, version: '1' }
  const answer = await cluster.node(0).call('joinNetwork', { body, headers: { 'x-skyclaw-token': 'wrong' } })
  expectProblem(answer, 'unauthorized')
  await someRounds()
  expect(recorder.requests).toEqual([])
})

test('a member that names a stranger has nobody call it beyond one challenge', async () => {
  const recorder = await Recorder.start(answerAs('c'.repeat(32), token))
  const nobody = { nodeId: 'x', instance: 'x', url: '', version: '1', wire: wireRange, state: 'alive', boot: 'x' }
  const asked = { version: wireVersion, members: [], hosts: [] }
  const unknown = { ...nobody, incarnation: 0, turn: 0, feedSeq: 0, ready: true }
  const { self } = await cluster.node(1).ok('gossip', { body: { ...asked, self: unknown } })
  const named = { nodeId: 'stranger', instance: stranger, url: recorder.url, version: '1', wire: wireRange }
  const members = [{ ...named, state: 'alive', incarnation: 1, ready: true }]
  const body = { ...asked, self, members }
  await cluster.node(0).ok('gossip', { body })
  await until('the challenge', () => recorder.requests.length > 0)
  await someRounds()
  expectOneChallenge(recorder)
})

const joins = 10_000
/** Challenges that one coordinator has under way at once, and joins that wait for theirs. */
const maxChallenges = 4
const maxWaiting = 32
/** Whoever floods does not wait longer for its answer. */
const patienceMs = 5_000

test('ten thousand joins at once are bounded, and the coordinator goes on answering', { timeout: 60_000 }, async () => {
  const recorder = await Recorder.start(() => undefined)
  const agent = new Agent({ keepAlive: true, maxSockets: 100 })
  const bodyOf = (index: number) => {
    const instance = `flood${index}`
    return JSON.stringify({ nodeId: 'flood', instance, url: `${recorder.url}/${index}`, version: '1' })
  }
  const codes = new Map<string, number>()
  const begin = (_: unknown, index: number) => post(agent, bodyOf(index)).then((code) => count(codes, code))
  const slowest = await slowestHealth(() => Promise.all(Array.from({ length: joins }, begin)))
  agent.destroy()
  // Those that wait for a challenge do so in vain, and all others are told at once.
  expect([...codes.keys()]).not.toContain('none')
  expect(codes.get('too_busy')).toBeGreaterThan(joins * 0.9)
  expect(codes.get('patience') ?? 0).toBeLessThanOrEqual(2 * maxWaiting)
  expect(recorder.mostConnections).toBeLessThanOrEqual(maxChallenges)
  expect(slowest).toBeLessThan(5_000)
  await cluster.settled()
})

function count(codes: Map<string, number>, code: string): void {
  codes.set(code, (codes.get(code) ?? 0) + 1)
}

/** The longest that a question for its health took while something else went on. */
async function slowestHealth(begin: () => Promise<unknown>): Promise<number> {
  const ended = new AbortController()
  // Over a connection that is there before: what the system does with more than it takes at once is another matter.
  await cluster.node(0).ok('readHealth')
  const end = begin().finally(() => ended.abort())
  let slowest = 0
  while (!ended.signal.aborted) {
    const askedAt = performance.now()
    await cluster.node(0).ok('readHealth')
    slowest = Math.max(slowest, performance.now() - askedAt)
  }
  await end
  return slowest
}

/** The code that a join is refused with; `none` when it is not, `patience` when there was no answer in time. */
function post(agent: Agent, body: string): Promise<string> {
  const url = `${cluster.url(0)}${buildPath(routes.joinNetwork)}`
  const headers = { 'x-skyclaw-token': token, 'content-type': 'application/json', 'content-length': body.length }
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve((JSON.parse(text) as { code?: string }).code ?? 'none'))
    })
    request.setTimeout(patienceMs, () => {
      resolve('patience')
      request.destroy()
    })
    request.on('error', reject)
    request.end(body)
  })
}
