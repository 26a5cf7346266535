import { expect, test } from 'vitest'
import { buildOpenApi } from './openapi.ts'
import { checkPayload, type Payload } from './payload.ts'
import { problem, ProblemError, problems } from './problem.ts'
import { buildPath, type RouteDefinition } from './route.ts'
import { routes } from './routes/routes.ts'

const table: [string, RouteDefinition][] = Object.entries(routes)

test('a path is built with its parameters percent-encoded', () => {
  expect(buildPath(routes.getJob, { id: 'a b/c?d' })).toBe('/v1/jobs/a%20b%2Fc%3Fd')
})

test.each([undefined, '', '.', '..'])('a path is not built with %j for an id', (id) => {
  expect(() => buildPath(routes.getJob, id === undefined ? {} : { id })).toThrow(TypeError)
})

test('no two routes share a method and a path', () => {
  const places = table.map(([, { method, path }]) => `${method} ${path}`)
  expect(new Set(places).size).toBe(places.length)
})

/** Questions that need a body, and are answered anew each time: they change nothing. */
const asking = ['challengeMember', 'probeMember']

test.each(table)(
  '%s has a schema for each parameter of its path, and a repeat finds its first answer exactly when it changes something',
  (id, route) => {
    const named = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    expect(Object.keys((route.params?.['properties'] as object | undefined) ?? {})).toEqual(named)
    expect(route.body !== undefined).toBe(route.method === 'POST')
    expect(route.bytes === true).toBe(route.method === 'PUT')
    expect(route.idempotency === 'none').toBe(route.method === 'GET' || asking.includes(id))
  },
)

test('requests refuse fields that they do not name', () => {
  for (const [, { params, query, body }] of table) {
    for (const schema of [params, query, body]) expect(schema?.['additionalProperties'] ?? false).toBe(false)
  }
})

test('OpenAPI describes every route once, under its operation id', () => {
  const { paths } = buildOpenApi('1.2.3') as { paths: Record<string, Record<string, { operationId: string }>> }
  const described = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
  expect(described.toSorted()).toEqual(Object.keys(routes).toSorted())
})

test('a problem document repeats its title for older clients, and says what its table says', () => {
  const { code, problem: document } = new ProblemError('lease_lost', 'gone', { field: 'attempt' })
  const { status, title, retryable } = problems.lease_lost
  expect(document).toEqual({
    type: 'urn:skyclaw:problem:lease_lost',
    code,
    status,
    title,
    error: title,
    retryable,
    detail: 'gone',
    field: 'attempt',
  })
  expect(problem('internal', 'x')).not.toHaveProperty('field')
})

test.each<[Payload, string | undefined]>([
  [{ kind: 'shell', command: 'true' }, undefined],
  [{ kind: 'openclaw-run', args: [] }, undefined],
  [{ kind: 'openclaw-run', message: 'hello', model: 'a/b' }, undefined],
  [{ kind: 'openclaw-run' }, 'payload.message'],
  [{ kind: 'openclaw-run', args: [], message: 'hello' }, 'payload.args'],
  [{ kind: 'openclaw-run', args: [], thinking: 'high' }, 'payload.thinking'],
  [{ kind: 'shell', command: 'true', env: { A: 'b' }, secretEnv: { A: 'four' } }, 'payload.secretEnv.A'],
  [{ kind: 'shell', command: 'true', env: { A: 'b' }, secretEnv: { B: 'four' } }, undefined],
])('of the payload %j the field %s is wrong', (payload, field) => {
  expect(checkPayload(payload)?.field).toBe(field)
})
