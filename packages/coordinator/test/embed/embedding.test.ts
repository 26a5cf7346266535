import { buildPath, type OperationId, type RouteDefinition, routes } from '@skyclaw/protocol'
import Fastify, { type FastifyInstance } from 'fastify'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { coordinator, type CoordinatorOptions } from '../../src/index.ts'
import { expectConforms, expectProblem } from '../http/conformity.ts'
import { report, scratchFolder, shellHost, shellJob } from '../http/test-coordinator.ts'
import { existingServer, visitAll } from './existing-server.ts'

const token = 'secret'

function options(more: Partial<CoordinatorOptions> = {}): CoordinatorOptions {
  return { dbPath: join(scratchFolder(), 'embedded.db'), nodeId: 'embedded', token, ...more }
}

async function embedded(order: 'early' | 'late', prefix: string): Promise<FastifyInstance> {
  const given = options({ prefix })
  const app = await existingServer({
    [order]: async (server: FastifyInstance) => {
      await server.register(coordinator, given)
    },
  })
  onTestFinished(() => app.close())
  return app
}

async function send(app: FastifyInstance, prefix: string, id: OperationId, body?: unknown, params = { id: 'h1' }) {
  const route: RouteDefinition = routes[id]
  const answer = await app.inject({
    method: route.method,
    url: prefix + buildPath(route, params),
    headers: { 'x-skyclaw-token': token },
    ...(body !== undefined && { payload: body as object }),
  })
  return { status: answer.statusCode, headers: answer.headers, text: answer.payload }
}

describe.each([
  ['early', ''],
  ['late', ''],
  ['early', '/skyclaw'],
  ['late', '/skyclaw'],
] as const)('registered %s under "%s"', (order, prefix) => {
  test('a coordinator leaves the server as it was, in every answer that it gives', async () => {
    const alone = await existingServer({})
    onTestFinished(() => alone.close())
    const app = await embedded(order, prefix)
    expect(await visitAll(app)).toEqual(await visitAll(alone))
    expect(app).toMatchObject({ shop: { name: 'shop' } })
    expect([app.hasRequestDecorator('visit'), app.hasReplyDecorator('stamp')]).toEqual([true, true])
  })

  test('a coordinator speaks its own protocol, whatever the server does with bodies and answers', async () => {
    const app = await embedded(order, prefix)
    const ok = async (id: OperationId, body?: unknown, params?: { id: string }) => {
      const answer = await send(app, prefix, id, body, params)
      expectConforms(id, answer)
      expect(answer.status).toBe(200)
      return JSON.parse(answer.text) as never
    }
    await ok('registerHost', shellHost('h1'))
    const { job } = (await ok('enqueueJob', { payload: { kind: 'shell', command: 'forbidden' } })) as {
      job: { id: string }
    }
    // Over the server's own limit of a body.
    const stdin = 'x'.repeat(10_000)
    await ok('enqueueJob', { payload: { kind: 'shell', command: 'cat', stdin } })
    await ok('claimJobs', { max: 2 })
    await ok('completeJob', report('h1'), { id: job.id })
    for (const id of [
      'listJobs',
      'listHosts',
      'readState',
      'readHealth',
      'readSnapshot',
      'readFeed',
      'listPeers',
    ] as const) {
      await ok(id)
    }
    const unknown = await send(app, prefix, 'enqueueJob', { ...shellJob(), wrong: 1 })
    expect(expectProblem(unknown, 'invalid_request').field).toBe('wrong')
    expectProblem(await send(app, prefix, 'getJob', undefined, { id: 'nobody' }), 'not_found')
    const csv = await app.inject({
      method: 'POST',
      url: `${prefix}/v1/jobs`,
      headers: { 'x-skyclaw-token': token, 'content-type': 'text/csv' },
      payload: 'a,b',
    })
    expectProblem({ status: csv.statusCode, headers: csv.headers, text: csv.payload }, 'unsupported_media_type')
  })
})

test('under a prefix, unknown URLs and methods get problem documents; beside it they belong to the server', async () => {
  const app = await embedded('late', '/skyclaw')
  const get = async (url: string, method: 'GET' | 'PUT' = 'GET') => {
    const answer = await app.inject({ method, url })
    return { status: answer.statusCode, headers: answer.headers, text: answer.payload }
  }
  expectProblem(await get('/skyclaw/v1/nothing'), 'not_found')
  expectProblem(await get('/skyclaw/v1/jobs', 'PUT'), 'method_not_allowed')
  expect((await get('/v1/jobs')).text).toContain('shopHasNo')
  expect((await get('/v1/jobs')).status).toBe(404)
})

test("an error that one of the server's own hooks throws goes to the server's own error handler", async () => {
  const app = Fastify()
  onTestFinished(() => app.close())
  app.setErrorHandler((error: Error, _request, reply) => reply.code(418).send({ own: error.message }))
  app.addHook('onRequest', async (request) => {
    if (request.headers['x-banned']) throw Object.assign(new Error('banned'), { statusCode: 403 })
  })
  await app.register(coordinator, options())
  const answer = await app.inject({ url: '/v1/jobs', headers: { 'x-banned': '1', 'x-skyclaw-token': token } })
  expect([answer.statusCode, answer.payload]).toEqual([418, '{"own":"banned"}'])
  expect((await app.inject({ url: '/v1/jobs', headers: { 'x-skyclaw-token': token } })).statusCode).toBe(200)
})

test('two servers in one process have a coordinator each, and neither knows of the other', async () => {
  const apps = await Promise.all([embedded('late', ''), embedded('early', '/skyclaw')])
  await apps[0].skyclaw.jobs.enqueue(shellJob())
  expect((await apps[0].skyclaw.jobs.list()).jobs).toHaveLength(1)
  expect((await apps[1].skyclaw.jobs.list()).jobs).toHaveLength(0)
})
