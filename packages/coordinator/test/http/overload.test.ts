import { buildPath, limits, type OperationId, type RouteDefinition, routes } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { expectProblem } from './conformity.ts'
import { RawConnection } from './raw-connection.ts'
import { shellHost, shellJob, startTestCoordinator, type TestCoordinator } from './test-coordinator.ts'

/** All that is asked for in one moment, so that nothing of it is done before the last is there. */
function askAtOnce({ running, token = '' }: TestCoordinator, requests: readonly (readonly [OperationId, unknown?])[]) {
  return Promise.all(
    requests.map(async ([id, body]) => {
      const route: RouteDefinition = routes[id]
      const { statusCode, headers, payload } = await running.app.inject({
        method: route.method,
        url: buildPath(route, { id: 'host' }),
        headers: { 'x-skyclaw-token': token, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      })
      return { status: statusCode, headers, text: payload }
    }),
  )
}

const batch = { jobs: Array.from({ length: 1_000 }, () => shellJob()) }

test('with too much to do, new work and lists are sent away with a time to come back, and hosts are heard', async () => {
  const coordinator = await startTestCoordinator({ maxBacklogMs: 100 })
  await coordinator.ok('registerHost', { body: shellHost('host') })
  const [first, ...others] = await askAtOnce(coordinator, [
    ['enqueueBatch', batch],
    ['enqueueBatch', batch],
    ['heartbeat', {}],
    ['claimJobs', {}],
    ['readHealth'],
  ])
  const [second, ...hosts] = others
  expect(first!.status).toBe(200)
  expect(hosts.map(({ status }) => status)).toEqual([200, 200, 200])
  expectProblem(second!, 'too_busy')
  expect(second!.headers['retry-after']).toMatch(/^[1-5]$/)
  expect((await coordinator.ok('listJobs', { query: { limit: '1000' } })).jobs).toHaveLength(1_000)
  const large = { payload: { ...shellJob().payload, stdin: 'x'.repeat(limits.stdinChars) } }
  const many = await askAtOnce(coordinator, [
    ['enqueueBatch', { jobs: Array.from({ length: 25 }, () => large) }],
    ['enqueueJob', shellJob()],
    ['listJobs'],
    ['readState'],
  ])
  expect(many.map(({ status }) => status)).toEqual([200, 429, 429, 429])
  const [newest] = (await coordinator.ok('listJobs', { query: { limit: '1' } })).jobs
  expect(newest!.payload).toEqual(large.payload)
})

test('requests that are refused for what they are, or given up, take no room', async () => {
  const coordinator = await startTestCoordinator({ maxBacklogMs: 100 })
  const wrong = { payload: { kind: 'none', text: 'x'.repeat(200_000) } }
  for (let round = 0; round < 4; round += 1) {
    const answers = await askAtOnce(
      coordinator,
      Array.from({ length: 6 }, () => ['enqueueJob', wrong] as const),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 400))
  }
  const { port } = coordinator
  const connection = await RawConnection.open(port)
  const head = [`POST ${routes.enqueueBatch.path} HTTP/1.1`, 'host: test', `x-skyclaw-token: ${coordinator.token}`]
  connection.write([...head, 'content-type: application/json', 'content-length: 10000000', '', '{'].join('\r\n'))
  const listed = async () => (await coordinator.call('listJobs')).status
  await until('the announced body to count', async () => (await listed()) === 429)
  connection.socket.destroy()
  await until('it to count no more', async () => (await listed()) === 200)
})

test('an announced body that waits on its connection for an answer before its own takes no room when that is lost', async () => {
  const coordinator = await startTestCoordinator({ maxBacklogMs: 100 })
  await coordinator.ok('registerHost', { body: shellHost('host') })
  const post = (path: string, body: string, length = body.length) =>
    [
      ...[`POST ${path} HTTP/1.1`, 'host: test', `x-skyclaw-token: ${coordinator.token}`],
      ...['content-type: application/json', `content-length: ${length}`, '', body],
    ].join('\r\n')
  const waiting = post(buildPath(routes.claimJobs, { id: 'host' }), JSON.stringify({ waitMs: 10_000 }))
  const announced = post(routes.enqueueBatch.path, '{', limits.largeBodyBytes)
  const listed = async () => (await coordinator.call('listJobs')).status
  // One more than are waited for without keeping others out.
  for (let round = 0; round < 5; round += 1) {
    const { socket } = await RawConnection.open(coordinator.port)
    socket.write(waiting + announced)
    await until('the announced body to count', async () => (await listed()) === 429)
    socket.destroy()
    await until('it to count no more', async () => (await listed()) === 200, { deadlineMs: 3_000 })
  }
  await coordinator.ok('enqueueJob', { body: shellJob() })
  expect((await coordinator.ok('listJobs')).jobs).toHaveLength(1)
})

test('a body that its sender holds up keeps nobody out for long, and is taken when it is whole', async () => {
  const coordinator = await startTestCoordinator({ maxBacklogMs: 100 })
  const body = JSON.stringify({ jobs: [shellJob()] })
  const connection = await RawConnection.open(coordinator.port)
  const head = [`POST ${routes.enqueueBatch.path} HTTP/1.1`, 'host: test', `x-skyclaw-token: ${coordinator.token}`]
  const length = 10_000_000
  connection.write([...head, 'content-type: application/json', `content-length: ${length}`, '', body].join('\r\n'))
  const listed = async () => (await coordinator.call('listJobs')).status
  await until('the announced body to count', async () => (await listed()) === 429)
  await until('it to count no more', async () => (await listed()) === 200, { deadlineMs: 3_000 })
  connection.write(' '.repeat(length - body.length))
  expect((await connection.answer()).status).toBe(200)
})
