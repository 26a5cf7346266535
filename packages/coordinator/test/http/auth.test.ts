import { buildPath, type OperationId, type RouteDefinition, routes, tokenHeader } from '@skyclaw/protocol'
import type { FastifyRequest } from 'fastify'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createAuth } from '../../src/http/auth.ts'
import { type Challenge, type ChallengeAnswer, createChallenge, isRightAnswer } from '../../src/runtime/challenge.ts'
import { startCoordinator } from '../../src/server.ts'
import { expectConforms, expectProblem } from './conformity.ts'
import { exampleParams } from './example-params.ts'
import { RawConnection } from './raw-connection.ts'
import { scratchFolder, startTestCoordinator, type TestCoordinator, token } from './test-coordinator.ts'

const compared = vi.hoisted(() => [] as [Uint8Array, Uint8Array][])
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>()
  const timingSafeEqual = (a: Uint8Array, b: Uint8Array) => {
    compared.push([a, b])
    return crypto.timingSafeEqual(a, b)
  }
  return { ...crypto, timingSafeEqual }
})
afterEach(() => void (compared.length = 0))

const entries = Object.entries(routes) as [OperationId, RouteDefinition][]

async function send(coordinator: TestCoordinator, route: RouteDefinition, headers: Record<string, string>) {
  const body = route.body ? { payload: '{}', headers: { ...headers, 'content-type': 'application/json' } } : { headers }
  const url = buildPath(route, exampleParams)
  const answer = await coordinator.running.app.inject({ method: route.method, url, ...body })
  return { status: answer.statusCode, headers: answer.headers, text: answer.payload }
}

const refused: [string, Record<string, string>][] = [
  ['no token', {}],
  ['a wrong token', { [tokenHeader]: 'wrong' }],
  ['an empty token', { [tokenHeader]: '' }],
  ['the beginning of the token', { [tokenHeader]: token.slice(0, -1) }],
  ['the token and more', { [tokenHeader]: `${token}x` }],
  ['the token in capitals', { [tokenHeader]: token.toUpperCase() }],
  ['a wrong bearer token', { authorization: 'Bearer wrong' }],
  ['the token without a scheme', { authorization: token }],
  ['the token under another scheme', { authorization: `Basic ${token}` }],
  ['a wrong token beside a right bearer token', { [tokenHeader]: 'wrong', authorization: `Bearer ${token}` }],
]

const accepted: [string, Record<string, string>][] = [
  ['its own header', { [tokenHeader]: token }],
  ['a bearer token', { authorization: `Bearer ${token}` }],
  ['a bearer token, whatever the case of the scheme', { authorization: `bearer  ${token} ` }],
  ['both', { [tokenHeader]: token, authorization: `Bearer ${token}` }],
]

test('every route but those that say otherwise refuses a missing and every wrong token, in the same words', async () => {
  const coordinator = await startTestCoordinator()
  const documents = new Set<string>()
  for (const [, route] of entries.filter(([, { auth }]) => auth)) {
    for (const [, headers] of refused) {
      const answer = await send(coordinator, route, headers)
      const { requestId: _requestId, ...document } = expectProblem(answer, 'unauthorized')
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      documents.add(JSON.stringify(document))
    }
  }
  expect(documents.size).toBe(1)
})

test.each(accepted)('the token is taken from %s', async (_, headers) => {
  const coordinator = await startTestCoordinator()
  for (const [id, route] of entries) {
    const answer = await send(coordinator, route, headers)
    expect(answer.status).not.toBe(401)
    expectConforms(id, answer)
  }
})

test('routes that need no token answer without one, and tell none', async () => {
  const coordinator = await startTestCoordinator()
  const open = entries.filter(([, { auth }]) => !auth)
  expect(open.map(([id]) => id)).toEqual(['readHealth', 'challengeMember'])
  for (const [id, route] of open) {
    const answer = await send(coordinator, route, { [tokenHeader]: 'wrong' })
    expect(answer.status).not.toBe(401)
    expectConforms(id, answer)
    expect(answer.text).not.toContain(token)
  }
})

test('a challenge is answered without a token to who proves to know it, and to nobody else', async () => {
  const coordinator = await startTestCoordinator()
  const { url } = coordinator.running
  const answer = async (challenge: Challenge) => {
    return coordinator.call('challengeMember', { body: challenge, headers: { [tokenHeader]: 'wrong' } })
  }
  const challenge = createChallenge(token, url)
  const right = await answer(challenge)
  expect(right.status).toBe(200)
  expect(isRightAnswer(token, challenge, JSON.parse(right.text) as ChallengeAnswer)).toBe(true)
  // Who presents the token itself proves nothing by that.
  expectProblem(await coordinator.call('challengeMember', { body: createChallenge('other', url) }), 'unauthorized')
  expectProblem(await answer({ ...challenge, nonce: 'f'.repeat(64) }), 'unauthorized')
  expectProblem(await answer(createChallenge(token, 'http://127.0.0.1:1')), 'url_unverified')
})

test('a wrong token is refused before the body is read, and a long body is not waited for', async () => {
  const coordinator = await startTestCoordinator()
  const head = `POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\n${tokenHeader}: wrong\r\ncontent-type: application/json\r\n`
  for (const length of ['content-length: 999999999', 'transfer-encoding: chunked']) {
    const connection = await RawConnection.open(coordinator.port)
    connection.write(`${head}${length}\r\n\r\n`)
    expectProblem(await connection.answer(), 'unauthorized')
    await connection.untilClosed()
  }
})

test('a short body that a wrong token brings along does not cost the connection', async () => {
  const coordinator = await startTestCoordinator()
  const connection = await RawConnection.open(coordinator.port)
  connection.write(`POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n`)
  expectProblem(await connection.answer(), 'unauthorized')
  connection.write('not json!GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n')
  expectConforms('readHealth', await connection.answer())
})

test('what is presented is compared as a digest, in a time that does not tell how much of it is right', () => {
  const authenticate = createAuth(token)
  const request = (presented: string) => ({ headers: { [tokenHeader]: presented } }) as unknown as FastifyRequest
  authenticate(request(token))
  for (const wrong of ['x', token.slice(0, -1), `${token}x`])
    expect(() => authenticate(request(wrong))).toThrow('asks for a token')
  expect(compared).toHaveLength(4)
  for (const [a, b] of compared) expect([a.length, b.length]).toEqual([32, 32])
})

describe('without a token', () => {
  test('a coordinator listens on loopback only', async () => {
    const dbPath = `${scratchFolder()}/test.db`
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com']) {
      await expect(startCoordinator({ host, port: 0, dbPath })).rejects.toThrow(`listening on ${host} needs a token`)
    }
  })

  test('callers on this machine are answered, by whatever name they call it', async () => {
    const coordinator = await startTestCoordinator({ token: undefined })
    const names = ['localhost', 'LOCALHOST:80', '127.0.0.1:1', '127.1.2.3', '[::1]:8787'].map((host) => ({ host }))
    for (const headers of [...names, { host: 'localhost:8787', origin: 'http://localhost:8787' }]) {
      const answer = await coordinator.running.app.inject({ url: '/v1/jobs', headers })
      expect(answer.statusCode).toBe(200)
    }
  })

  test.each([
    ['of another name for this address', { host: 'evil.example' }],
    ['of another name with a port', { host: 'evil.example:8787' }],
    ['of a name that only begins like this machine', { host: '127.0.0.1.evil.example' }],
    ['of another origin', { host: 'localhost', origin: 'http://evil.example' }],
    ['of another port', { host: 'localhost:8787', origin: 'http://localhost:3000' }],
    ['of no origin', { host: 'localhost', origin: 'null' }],
  ])('a browser page %s is refused', async (_, headers) => {
    const coordinator = await startTestCoordinator({ token: undefined })
    const answer = await coordinator.running.app.inject({ method: 'POST', url: '/v1/jobs/x/cancel', headers })
    expectProblem({ status: answer.statusCode, headers: answer.headers, text: answer.payload }, 'unauthorized')
  })
})

test.each(['', 'two words', 'grün', 'a\nb', 'x'.repeat(5_000), 7])('%j cannot be a token', async (wrong) => {
  const options = { dbPath: `${scratchFolder()}/test.db`, port: 0, host: '127.0.0.1', token: wrong as string }
  await expect(startCoordinator(options)).rejects.toThrow(/^token must /)
})
