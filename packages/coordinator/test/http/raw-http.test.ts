import { expect, test } from 'vitest'
import { expectConforms, expectProblem } from './conformity.ts'
import { RawConnection } from './raw-connection.ts'
import { shellJob, startTestCoordinator, token } from './test-coordinator.ts'

const auth = `x-skyclaw-token: ${token}`
const host = 'host: localhost'
const json = 'content-type: application/json'

const request = (line: string, headers: string[] = [], body = '') =>
  `${line} HTTP/1.1\r\n${[host, auth, ...headers].join('\r\n')}\r\n\r\n${body}`

test.each([
  ['no HTTP at all', 'hello\r\n\r\n', 'invalid_request'],
  ['a TLS hello', Buffer.from('16030100a5010000a10303', 'hex'), 'invalid_request'],
  ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'invalid_request'],
  ['a version from the future', `GET /health HTTP/9.9\r\n${host}\r\n\r\n`, 'invalid_request'],
  ['a method that there is not', `BREW /health HTTP/1.1\r\n${host}\r\n\r\n`, 'invalid_request'],
  ['no Host header', 'GET /health HTTP/1.1\r\n\r\n', 'invalid_request'],
  ['two lengths', request('POST /v1/jobs', ['content-length: 2', 'content-length: 3'], '{}'), 'invalid_request'],
  [
    'a length and chunks',
    request('POST /v1/jobs', ['content-length: 2', 'transfer-encoding: chunked'], '0\r\n\r\n'),
    'invalid_request',
  ],
  ['a negative length', request('POST /v1/jobs', ['content-length: -1']), 'invalid_request'],
  [
    'a chunk whose size is no number',
    request('POST /v1/jobs', [json, 'transfer-encoding: chunked'], 'xyz\r\n{}\r\n'),
    'invalid_request',
  ],
  [
    'endless chunk extensions',
    request('POST /v1/jobs', [json, 'transfer-encoding: chunked'], `2;${'a'.repeat(20_000)}`),
    'payload_too_large',
  ],
  [
    'an unknown transfer encoding',
    request('POST /v1/jobs', [json, 'transfer-encoding: gzip'], '{}'),
    'invalid_request',
  ],
  [
    'a line break in a key',
    request('POST /v1/jobs', ['x-idempotency-key: a\nx-evil: 1', json, 'content-length: 2'], '{}'),
    'invalid_request',
  ],
  ['a bare CR in a header', request('GET /health', ['x-a: b\rx-evil: 1']), 'invalid_request'],
  ['a NUL in a header', request('GET /health', ['x-a: b\0']), 'invalid_request'],
  ['a header without a name', request('GET /health', [': b']), 'invalid_request'],
  ['a URL of 100,000 characters', request(`GET /${'a'.repeat(100_000)}`), 'headers_too_large'],
  ['a header of 100,000 characters', request('GET /health', [`x-a: ${'a'.repeat(100_000)}`]), 'headers_too_large'],
  [
    '10,000 headers',
    request(
      'GET /health',
      Array.from({ length: 10_000 }, (_, n) => `x-${n}: 1`),
    ),
    'headers_too_large',
  ],
  [
    'an expectation it cannot meet',
    request('POST /v1/jobs', ['expect: miracle', 'content-length: 2'], '{}'),
    'invalid_request',
  ],
  ['a GET with a body', request('GET /v1/jobs', [json, 'content-length: 2'], '{}'), 'invalid_request'],
  [
    'a GET with a body in chunks',
    request('GET /health', ['transfer-encoding: chunked'], '2\r\n{}\r\n0\r\n\r\n'),
    'invalid_request',
  ],
  [
    '2,100 headers, the token last',
    `GET /v1/jobs HTTP/1.1\r\n${host}\r\n${'a:\r\n'.repeat(2_100)}${auth}\r\n\r\n`,
    'headers_too_large',
  ],
] as const)('%s gets a problem document, and the next connection is served', async (_, bytes, code) => {
  const coordinator = await startTestCoordinator()
  const connection = await RawConnection.open(coordinator.port)
  connection.write(bytes)
  expectProblem(await connection.answer(), code)
  connection.socket.end()
  await connection.untilClosed()
  await coordinator.ok('readHealth')
})

test('a CONNECT and an upgrade end without harm', async () => {
  const coordinator = await startTestCoordinator()
  const tunnel = await RawConnection.open(coordinator.port)
  tunnel.write(`CONNECT example.com:80 HTTP/1.1\r\nhost: example.com\r\n\r\n`)
  await tunnel.untilClosed()
  const upgrade = await RawConnection.open(coordinator.port)
  upgrade.write(request('GET /health', ['connection: upgrade', 'upgrade: websocket']))
  expectConforms('readHealth', await upgrade.answer())
})

test('pipelined requests are answered each, in their order', async () => {
  const coordinator = await startTestCoordinator()
  const connection = await RawConnection.open(coordinator.port)
  const body = JSON.stringify(shellJob())
  const enqueue = request('POST /v1/jobs', [json, `content-length: ${body.length}`], body)
  connection.write(request('GET /health') + enqueue + request('GET /v1/nothing') + request('GET /v1/jobs'))
  expectConforms('readHealth', await connection.answer())
  expectConforms('enqueueJob', await connection.answer())
  expectProblem(await connection.answer(), 'not_found')
  const last = await connection.answer()
  expectConforms('listJobs', last)
  expect(last.text).toContain('"jobs":')
})

test('a body or a head that does not come to its end is refused when the request timeout is over', async () => {
  const coordinator = await startTestCoordinator({ requestTimeoutMs: 300 })
  const slow = [
    request('POST /v1/jobs', [json, 'content-length: 2000000'], '{"payload":'),
    request('POST /v1/jobs', [json, 'transfer-encoding: chunked'], '5\r\n{"a":'),
    'GET /health HTTP/1.1\r\nhost: local',
  ]
  for (const bytes of slow) {
    const connection = await RawConnection.open(coordinator.port)
    const startedAt = performance.now()
    connection.write(bytes)
    expectProblem(await connection.answer(), 'request_timeout')
    await connection.untilClosed()
    expect(performance.now() - startedAt).toBeGreaterThan(250)
  }
})

test('a body that comes drop by drop does not outlast the request timeout', async () => {
  const coordinator = await startTestCoordinator({ requestTimeoutMs: 300 })
  const connection = await RawConnection.open(coordinator.port)
  connection.write(request('POST /v1/jobs', [json, 'content-length: 1000000'], '{'))
  const drops = setInterval(() => connection.write(' '), 20)
  try {
    expectProblem(await connection.answer(), 'request_timeout')
    await connection.untilClosed()
  } finally {
    clearInterval(drops)
  }
})

test('a connection that stands still is closed when the connection timeout is over', async () => {
  const coordinator = await startTestCoordinator({ connectionTimeoutMs: 200 })
  const connection = await RawConnection.open(coordinator.port)
  expect(connection.closed).toBe(false)
  await connection.untilClosed()
  expect(connection.received).toBe('')
})

test('a body declared or sent over the limit is refused before it is read to its end', async () => {
  const coordinator = await startTestCoordinator()
  const declared = await RawConnection.open(coordinator.port)
  declared.write(request('POST /v1/jobs', [json, 'content-length: 999999999999'], '{'))
  expectProblem(await declared.answer(), 'payload_too_large')
  await declared.untilClosed()
  const chunked = await RawConnection.open(coordinator.port)
  chunked.write(request('POST /v1/jobs', [json, 'transfer-encoding: chunked']))
  const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`
  for (let sent = 0; sent < 40; sent += 1) chunked.write(chunk)
  expectProblem(await chunked.answer(), 'payload_too_large')
  await chunked.untilClosed()
})

test('a caller that hangs up in the middle of its body leaves nothing behind', async () => {
  const coordinator = await startTestCoordinator()
  const connection = await RawConnection.open(coordinator.port)
  connection.write(request('POST /v1/jobs', [json, 'content-length: 100'], '{"payload":'))
  connection.socket.destroy()
  const { jobs } = await coordinator.ok('listJobs')
  expect(jobs).toEqual([])
})
