import { openStore } from '@skyclaw/store'
import Fastify, { type FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { coordinator } from '../../src/index.ts'
import { type Answer, expectConforms, expectProblem } from '../http/conformity.ts'
import { RawConnection } from '../http/raw-connection.ts'
import { scratchFolder, shellHost, shellJob, startTestCoordinator } from '../http/test-coordinator.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 100 })

/** A call over a connection that the client would keep. */
function call(origin: string, method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const sent = request(`${origin}${path}`, { method, agent, headers }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode!, text: answer }), reject)
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) if (performance.now() > deadline) throw new Error('it did not come to that')
}

const connections = (app: FastifyInstance) =>
  new Promise<number>((resolve, reject) =>
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

test('a server closes within a second with 50 claims that wait, 10 waits for jobs and idle connections, and frees the database', async () => {
  const dbPath = join(scratchFolder(), 'a.db')
  const app = Fastify()
  app.get('/idle', async () => 'idle')
  await app.register(coordinator, { dbPath })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const origin = app.listeningOrigin
  await call(origin, 'POST', '/v1/hosts/register', shellHost('h1'))
  const { job } = await app.skyclaw.jobs.enqueue({ payload: { kind: 'openclaw-run', message: 'nobody can run this' } })
  const claims = Array.from({ length: 50 }, () => call(origin, 'POST', '/v1/hosts/h1/claim', { waitMs: 30_000 }))
  const waits = Array.from({ length: 10 }, () => call(origin, 'GET', `/v1/jobs/${job.id}?waitMs=30000`))
  await Promise.all(Array.from({ length: 10 }, () => call(origin, 'GET', '/idle')))
  await waitFor(async () => (await connections(app)) >= 60)
  const startedAt = performance.now()
  await app.close()
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  expect((await Promise.all(claims)).map((answer) => JSON.parse(answer.text) as unknown)).toEqual(
    Array.from({ length: 50 }, () => ({ job: null })),
  )
  expect((await Promise.all(waits)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
  openStore({ path: dbPath }).close()
})

test('requests under way get their answers, and do not keep their connections open after', async () => {
  const app = Fastify()
  await app.register(coordinator, { dbPath: join(scratchFolder(), 'a.db') })
  // The answer comes after the server has stopped to listen.
  const stopped = Promise.withResolvers<void>()
  const close = app.server.close.bind(app.server)
  app.server.close = (callback) => {
    const closing = close(callback)
    stopped.resolve()
    return closing
  }
  app.addHook('preHandler', async () => stopped.promise)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const enqueued = call(app.listeningOrigin, 'POST', '/v1/jobs', shellJob())
  await once(app.server, 'request')
  const startedAt = performance.now()
  await app.close()
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  expect((await enqueued).status).toBe(200)
})

test('what comes while the coordinator closes is refused as such, and its connection ends', async () => {
  const app = Fastify({ return503OnClosing: false })
  const answers: Answer[] = []
  await app.register(coordinator, { dbPath: join(scratchFolder(), 'a.db') })
  app.addHook('preClose', async () => {
    open.write('GET /v1/jobs HTTP/1.1\r\nhost: localhost\r\n\r\n')
    answers.push(await open.answer())
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const open = await RawConnection.open(Number(new URL(app.listeningOrigin).port))
  open.write('GET /v1/jobs HTTP/1.1\r\nhost: localhost\r\n\r\n')
  expectConforms('listJobs', await open.answer())
  await app.close()
  expect(answers).toHaveLength(1)
  expect(expectProblem(answers[0]!, 'shutting_down')).toMatchObject({ retryable: true, outcome: 'not_applied' })
  await open.untilClosed()
})

test('a request that does not end does not keep the server from closing for longer than it says', async () => {
  const dbPath = join(scratchFolder(), 'a.db')
  const { running, port } = await startTestCoordinator({ dbPath, closeTimeoutMs: 300 })
  const slow = await RawConnection.open(port)
  slow.write('POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\nx-skyclaw-token: a-token-for-tests\r\n')
  slow.write('content-type: application/json\r\ncontent-length: 1000\r\n\r\n{')
  const broken = await RawConnection.open(port)
  broken.write('no HTTP\r\n\r\n')
  await broken.answer()
  await waitFor(async () => (await connections(running.app)) >= 1)
  const startedAt = performance.now()
  await running.close()
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  openStore({ path: dbPath }).close()
})

test('a caller that hangs up while its claim waits takes no job with it', async () => {
  const there = await startTestCoordinator({ token: undefined })
  for (const id of ['gone', 'here']) await there.ok('registerHost', { body: shellHost(id) })
  const accepted = once(there.running.app.server, 'connection') as Promise<[Socket]>
  const gone = await RawConnection.open(there.port)
  const head = 'POST /v1/hosts/gone/claim HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'
  gone.write(`${head}content-length: 16\r\n\r\n{"waitMs":20000}`)
  await once(there.running.app.server, 'request')
  const [socket] = await accepted
  gone.socket.destroy()
  await once(socket, 'close')
  const claim = there.ok('claimJobs', { params: { id: 'here' }, body: { waitMs: 10_000 } })
  const { job } = await there.running.app.skyclaw.jobs.enqueue(shellJob())
  expect((await claim).job?.id).toBe(job.id)
})

test('enqueueing in the process wakes a claim that waits over HTTP', async () => {
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(coordinator, { dbPath: join(scratchFolder(), 'a.db') })
  await app.listen({ host: '127.0.0.1', port: 0 })
  await call(app.listeningOrigin, 'POST', '/v1/hosts/register', shellHost('h1'))
  const claim = call(app.listeningOrigin, 'POST', '/v1/hosts/h1/claim', { waitMs: 30_000 })
  await waitFor(async () => (await connections(app)) > 0)
  const startedAt = performance.now()
  const { job } = await app.skyclaw.jobs.enqueue(shellJob())
  expect(JSON.parse((await claim).text)).toMatchObject({ job: { id: job.id } })
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})
