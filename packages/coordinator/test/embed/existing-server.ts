import Fastify, { type FastifyInstance } from 'fastify'
import type { Answer } from '../http/conformity.ts'

/** What a coordinator is registered with, or nothing: then the server is as it was. */
export type Register = (app: FastifyInstance) => Promise<void>

/**
 * A server that has an own way with everything that Fastify lets it choose. `early` registers the coordinator before all that,
 * `late` after it.
 */
export async function existingServer(register: { early?: Register; late?: Register }): Promise<FastifyInstance> {
  const app = Fastify({ bodyLimit: 2_000 })
  await register.early?.(app)
  choose(app)
  route(app)
  await register.late?.(app)
  await app.ready()
  return app
}

function choose(app: FastifyInstance): void {
  app.decorate('shop', { name: 'shop' })
  app.decorateRequest('visit', 0)
  app.decorateReply('stamp', 'stamped')
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ shopError: error.message }),
  )
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ shopHasNo: request.url, got: request.body ?? null }),
  )
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, { shopRead: body }),
  )
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) =>
    done(null, String(body).split(',')),
  )
  app.setValidatorCompiler(
    () => (data: unknown) =>
      JSON.stringify(data).includes('forbidden') ? { error: new Error('the shop forbids it') } : { value: data },
  )
  app.setSerializerCompiler(() => (data: unknown) => `{"compiled":${JSON.stringify(data)}}`)
  app.setReplySerializer((payload) => `{"shop":${JSON.stringify(payload)}}`)
  app.addHook('onRequest', async (_request, reply) => void reply.header('x-shop', 'open'))
  app.addHook('preSerialization', async (_request, _reply, payload) => ({ wrapped: payload }))
}

function route(app: FastifyInstance): void {
  const shop = app as FastifyInstance & { shop: { name: string } }
  app.get('/', async () => ({ service: shop.shop.name }))
  app.post('/echo', (request, reply) => reply.send({ body: request.body }))
  const schema = { body: { type: 'object' }, response: { 200: { type: 'object' } } }
  app.post('/checked', { schema }, (request, reply) => reply.send({ checked: request.body }))
  app.get('/text', async () => 'plain')
  app.get('/fails', async () => {
    throw new Error('out of stock')
  })
  app.get('/refuses', async () => {
    throw Object.assign(new Error('members only'), { statusCode: 403 })
  })
}

const json = { 'content-type': 'application/json' }

/** Requests by which one sees what a server is like. */
const visits: {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'OPTIONS'
  url: string
  headers?: object
  payload?: string
}[] = [
  { method: 'GET', url: '/' },
  { method: 'HEAD', url: '/' },
  { method: 'OPTIONS', url: '/' },
  { method: 'GET', url: '/text' },
  { method: 'GET', url: '/fails' },
  { method: 'GET', url: '/refuses' },
  { method: 'GET', url: '/nowhere?x=1' },
  { method: 'GET', url: '/v2/jobs' },
  { method: 'GET', url: '/v1/nothing' },
  { method: 'GET', url: '/skyclawish' },
  { method: 'PUT', url: '/echo', headers: json, payload: '{}' },
  { method: 'POST', url: '/nowhere', headers: json, payload: '{"a":1}' },
  { method: 'POST', url: '/echo', headers: json, payload: '{"a":1}' },
  { method: 'POST', url: '/echo', headers: json, payload: '{"__proto__":1} and no JSON' },
  { method: 'POST', url: '/echo', headers: json, payload: '' },
  { method: 'POST', url: '/echo', headers: { 'content-type': 'text/csv' }, payload: 'a,b' },
  { method: 'POST', url: '/echo', headers: { 'content-type': 'text/plain' }, payload: 'plain' },
  { method: 'POST', url: '/echo', headers: { 'content-type': 'application/xml' }, payload: '<a/>' },
  { method: 'POST', url: '/echo', headers: { 'content-encoding': 'gzip', ...json }, payload: '{}' },
  { method: 'POST', url: '/echo', headers: json, payload: 'x'.repeat(2_001) },
  { method: 'POST', url: '/checked', headers: json, payload: '{"b":"fine"}' },
  { method: 'POST', url: '/checked', headers: json, payload: '{"b":"forbidden"}' },
  { method: 'GET', url: '/%zz' },
  { method: 'GET', url: `/${'a'.repeat(300)}` },
]

/** How a server answers each of them. */
export async function visitAll(app: FastifyInstance): Promise<Record<string, Answer>> {
  const answers: Record<string, Answer> = {}
  for (const [index, visit] of visits.entries()) {
    const { statusCode, headers, payload } = await app.inject(visit as { url: string })
    const { date: _date, ...rest } = headers
    answers[`${index} ${visit.method} ${visit.url.slice(0, 40)}`] = { status: statusCode, headers: rest, text: payload }
  }
  return answers
}
