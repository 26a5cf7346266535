import { buildPath, limits, type OperationId, type RouteDefinition, routes } from '@skyclaw/protocol'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningCoordinator, startCoordinator } from '../../src/server.ts'
import { exampleParams, withId } from './example-params.ts'
import { testWhere } from './test-where.ts'
import { type Answer, expectConforms, expectProblem } from './conformity.ts'

const folder = mkdtempSync(join(tmpdir(), 'skyclaw-urls-'))
let running: RunningCoordinator

beforeAll(async () => {
  running = await startCoordinator({ host: '127.0.0.1', port: 0, nodeId: 'urls', dbPath: join(folder, 'test.db') })
})
afterAll(async () => {
  await running.close()
  rmSync(folder, { recursive: true })
})

async function send(method: string, url: string, payload?: string): Promise<Answer> {
  const answer = await running.app.inject({
    method: method as 'GET',
    url,
    ...(payload !== undefined && { payload, headers: { 'content-type': 'application/json' } }),
  })
  return { status: answer.statusCode, headers: answer.headers, text: answer.payload }
}

const pattern = (path: string) => new RegExp(`^${path.replaceAll(/:[A-Za-z]+/g, '[^/]+')}$`)
const entries = Object.entries(routes) as [OperationId, RouteDefinition][]

describe.each(entries)('%s', (id, route) => {
  const url = buildPath(route, exampleParams)
  const body = route.method === 'POST' ? '{}' : undefined
  const here = entries.map(([, entry]) => entry).filter(({ path }) => pattern(path).test(url))
  const methodsHere = here.map(({ method }) => method)
  const hasHead = here.some(({ method, events }) => method === 'GET' && !events)

  test('refuses methods that its URL does not have, and says which it has', async () => {
    const allowed: string[] = methodsHere.flatMap((method) =>
      method === 'GET' && hasHead ? ['GET', 'HEAD'] : [method],
    )
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'POST', 'GET'].filter(
      (name) => !allowed.includes(name),
    )) {
      const answer = await send(method, url)
      expectProblem(answer, 'method_not_allowed')
      expect(answer.headers['allow']).toBe(allowed.join(', '))
    }
  })

  test('HEAD answers as GET does, without the body; where there is no GET of one answer it is refused', async () => {
    const { status, text } = await send('HEAD', url)
    expect(text).toBe('')
    expect(status).toBe(hasHead ? (await send('GET', url)).status : 405)
  })

  testWhere(route.path.includes(':id'))('refuses ids that are no ids', async () => {
    const ids = ['%00', '%20', '%2e%2e%2f%2e%2e%2fetc', '..%2f', '%252e', '-x', '%F0%9F%92%A9', 'a%0d%0ab', '__proto__']
    for (const wrong of [...ids, 'a'.repeat(limits.idChars + 1)]) {
      const { field } = expectProblem(await send(route.method, withId(route.path, wrong), body), 'invalid_request')
      expect(field).toBe('id')
    }
    const endless = withId(route.path, 'a'.repeat(3_000))
    expectProblem(await send(route.method, endless, body), 'uri_too_long')
  })

  testWhere(route.path.includes(':id'))(
    'refuses what cannot be decoded and finds nothing beside its path',
    async () => {
      for (const wrong of ['%', '%zz', '%C3%28', '%E0%80%80']) {
        expectProblem(await send(route.method, withId(route.path, wrong), body), 'invalid_request')
      }
      for (const wrong of ['', 'a/b', '../x/..', '%2e%2e/x']) {
        const answer = await send(route.method, withId(route.path, wrong), body)
        expectProblem(answer, 'not_found', 'method_not_allowed', 'invalid_request')
      }
    },
  )

  testWhere(route.query)('names the query field that is unknown, repeated or wrong', async () => {
    const [known] = Object.keys(route.query!['properties'] as object) as [string]
    const required = ((route.query!['required'] as string[] | undefined) ?? []).map((name) => `${name}=1`)
    for (const [query, field] of [
      ['unknown=1', 'unknown'],
      ['__proto__=1', '__proto__'],
      ['constructor=1', 'constructor'],
      [`${known}=`, known],
      [`${known}=1&${known}=2`, known],
      [`${known}[]=1`, `${known}[]`],
      [`${known}=%00`, known],
      [`${known}=%ff`, known],
    ]) {
      const rest = required.filter((pair) => !pair.startsWith(`${known}=`) || !query!.startsWith(`${known}=`))
      const asked = [query, ...rest].join('&')
      expect(expectProblem(await send(route.method, `${url}?${asked}`, body), 'invalid_request').field).toBe(field)
    }
  })

  testWhere(route.query && 'limit' in route.query['properties'])(
    'limits are whole numbers from 1 to the maximum',
    async () => {
      for (const wrong of [
        '0',
        '-1',
        '1.5',
        '1e9',
        'NaN',
        'Infinity',
        String(limits.pageMax + 1),
        'x',
        'null',
        '1;2',
      ]) {
        const { field } = expectProblem(await send(route.method, `${url}?limit=${wrong}`), 'invalid_request')
        expect(field).toBe('limit')
      }
      for (const right of [1, limits.pageMax]) expectConforms(id, await send(route.method, `${url}?limit=${right}`))
    },
  )
})

test('unknown URLs are not found, and the answer repeats only the beginning of a long one', async () => {
  for (const url of ['/', '/v1', '/v1/', '/v2/jobs', '/v1/jobs/a/b', '/favicon.ico', '/V1/JOBS', '//v1/jobs']) {
    expectProblem(await send('GET', url), 'not_found')
    expectProblem(await send('POST', url, '{"a":1}'), 'not_found')
  }
  expect((await send('GET', `/${'x'.repeat(8_000)}`)).text.length).toBeLessThan(1_000)
})
