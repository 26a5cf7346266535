import { buildPath, type OperationId, type RouteDefinition, routes } from '@skyclaw/protocol'
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningCoordinator, startCoordinator } from '../../src/server.ts'
import { type Answer, compile, expectConforms, expectProblem } from './conformity.ts'
import { oddities, type Path, pathsOf, withValue, without } from './mutations.ts'
import { exampleParams } from './example-params.ts'
import { arbitraryOf } from './schema-arbitrary.ts'

const folder = mkdtempSync(join(tmpdir(), 'skyclaw-hostile-'))
let running: RunningCoordinator

beforeAll(async () => {
  running = await startCoordinator({ host: '127.0.0.1', port: 0, nodeId: 'hostile', dbPath: join(folder, 'test.db') })
})
afterAll(async () => {
  await running.close()
  rmSync(folder, { recursive: true })
})

const entries = Object.entries(routes) as [OperationId, RouteDefinition][]
const withBody = entries.filter(([, route]) => route.body !== undefined)
const seed = 20_261_122
/** As many places of a body are made wrong, in two dozen ways each: of the largest bodies every so many. */
const maxPlaces = 40

async function post(route: RouteDefinition, payload: string | Buffer, headers: Record<string, string> = {}) {
  const answer = await running.app.inject({
    method: route.method,
    url: buildPath(route, exampleParams),
    headers: { 'content-type': 'application/json', 'x-idempotency-key': 'hostile', ...headers },
    payload,
  })
  return { status: answer.statusCode, headers: answer.headers, text: answer.payload } satisfies Answer
}

const nested = (open: string, close: string, levels: number, inside = '') =>
  open.repeat(levels) + inside + close.repeat(levels)

const notJson: [string, string | Buffer][] = [
  ['text', 'hello'],
  ['JSON cut short', '{"a": '],
  ['NaN', '{"a": NaN}'],
  ['Infinity', '{"a": -Infinity}'],
  ['a trailing comma', '{"a": 1,}'],
  ['two values', '{} {}'],
  ['a NUL', '\0'],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
  ['100,000 arrays in each other', nested('[', ']', 100_000)],
  ['100,000 objects in each other', nested('{"a":', '}', 100_000, '1')],
  ['100,000 levels that never close', '['.repeat(100_000)],
  ['__proto__', '{"__proto__": {"x": 1}}'],
  ['__proto__ in disguise', String.raw`{"\u005f_proto__": {"x": 1}}`],
  ['a constructor with a prototype', '{"constructor": {"prototype": {"x": 1}}}'],
  ['null', 'null'],
  ['a number', '1'],
  ['a string', '"{}"'],
  ['an array', '[{}]'],
]

const wrongTypes = [undefined, '', 'text/plain', 'text/json', 'application/jsonp', 'application/xml', 'json', '\u00e9']

describe.each(withBody)('%s', (_, route) => {
  const schema = route.body!
  const samples = fc.sample(arbitraryOf(schema), { numRuns: 20, seed })
  // The fullest of some, so that optional fields are looked at too.
  const sample = samples.toSorted((a, b) => pathsOf(b).length - pathsOf(a).length)[0]
  const check = compile(schema)

  test.each(notJson)('refuses %s', async (_name, payload) => {
    const isTooLong = Buffer.byteLength(payload) > route.bodyLimitBytes
    const { field } = expectProblem(await post(route, payload), isTooLong ? 'payload_too_large' : 'invalid_request')
    expect(field).toBe(isTooLong ? undefined : 'body')
  })

  test('refuses every content type but JSON, and every content encoding', async () => {
    for (const type of wrongTypes) {
      const answer = await post(route, '{"a":1}', { 'content-type': type as string })
      expectProblem(answer, 'unsupported_media_type')
    }
    const zipped = await post(route, gzipSync('{}'), { 'content-encoding': 'gzip' })
    expectProblem(zipped, 'unsupported_media_type')
  })

  test('refuses a body over its limit', async () => {
    const payload = ' '.repeat(route.bodyLimitBytes + 1)
    expectProblem(await post(route, payload), 'payload_too_large')
  })

  test('names the field that is missing, unknown or of the wrong type', async () => {
    const wrong = new Map<string, { body: unknown; path: Path }>()
    const note = (path: Path, body: unknown) => {
      if (!check(body)) wrong.set(JSON.stringify(body), { body, path })
    }
    const places = pathsOf(sample)
    const every = Math.ceil(places.length / maxPlaces)
    for (const path of places.filter((_path, index) => index % every === 0)) {
      note(path, without(sample, path) ?? {})
      note([...path, 'unknownField'], withValue(sample, [...path.slice(0, -1), 'unknownField'], 1))
      for (const odd of oddities) note(path, withValue(sample, path, odd) ?? null)
    }
    expect(wrong.size).toBeGreaterThan(5)
    for (const { body, path } of wrong.values()) {
      const { field, detail } = expectProblem(await post(route, JSON.stringify(body)), 'invalid_request')
      // A wrong tag makes the whole object another kind: then a field beside the one that was changed may be named.
      const [top = 'body'] = path
      const named: unknown = field!.split('.')[0]
      const whole = path.length === 0 ? Object.keys(body ?? {}) : []
      expect([String(top), 'unknownField', 'body', ...(schema['required'] ?? []), ...whole], detail).toContain(named)
      expect(detail).toContain(field)
    }
  })

  test('refuses 100,000 levels, or as many as there is room for, anywhere in it', async () => {
    const levels = Math.min(100_000, route.bodyLimitBytes / 4)
    const objects = pathsOf(sample).filter((path) => isPlainObject(at(sample, path)))
    for (const path of [...pathsOf(sample), ...objects.map((place) => [...place, 'extra'])]) {
      const marked = JSON.stringify(withValue(sample, path, 'HERE'))
      const deep = await post(route, marked.replace('"HERE"', nested('[', ']', levels)))
      expectProblem(deep, 'invalid_request')
    }
  })

  test('numbers beyond what a double holds are wrong, not infinite', async () => {
    const numbers = pathsOf(sample).filter((path) => typeof at(sample, path) === 'number')
    for (const path of numbers) {
      const text = JSON.stringify(withValue(sample, path, 'HERE')).replace('"HERE"', '1e400')
      expectProblem(await post(route, text), 'invalid_request')
    }
  })

  test('text may have lone surrogates and a byte order mark, keys may come twice: an answer, no failure', async () => {
    const [id] = entries.find(([, entry]) => entry === route)!
    for (const path of pathsOf(sample).filter((place) => typeof at(sample, place) === 'string')) {
      const text = JSON.stringify(withValue(sample, path, 'HERE')).replace('"HERE"', String.raw`"\ud800\udc00\ud800"`)
      expectConforms(id, await post(route, text, { 'x-idempotency-key': `surrogates-${path.join('.')}` }))
    }
    const text = JSON.stringify(sample)
    expectConforms(id, await post(route, `\ufeff${text}`, { 'x-idempotency-key': 'mark' }))
    const twice = `{${text.slice(1, -1)}${text === '{}' ? '' : ','}${text.slice(1)}`
    expectConforms(id, await post(route, twice, { 'x-idempotency-key': 'twice' }))
  })
})

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<string | number, unknown>)[name], value)
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
