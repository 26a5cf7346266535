import { buildPath, limits, type OperationId, type RouteDefinition, routes } from '@skyclaw/protocol'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningCoordinator, startCoordinator } from '../../src/server.ts'
import { exampleParams, withId } from './example-params.ts'
import { testWhere } from './test-where.ts'
import { type Answer, compile, expectConforms, expectProblem } from './conformity.ts'
import { mutantOf } from './mutations.ts'
import { arbitraryOf } from './schema-arbitrary.ts'

const numRuns = 60
const folder = mkdtempSync(join(tmpdir(), 'skyclaw-fuzz-'))
let running: RunningCoordinator
let app: FastifyInstance

beforeAll(async () => {
  running = await startCoordinator({ host: '127.0.0.1', port: 0, nodeId: 'fuzz', dbPath: join(folder, 'fuzz.db') })
  app = running.app
})
afterAll(async () => {
  await running.close()
  rmSync(folder, { recursive: true })
})

const entries = Object.entries(routes) as [OperationId, RouteDefinition][]
const keys = fc.option(fc.stringMatching(/^[\x21-\x7e]{1,20}$/), { nil: undefined })
const params = { ...exampleParams, id: 'host-1' }

async function send(route: RouteDefinition, url: string, body: unknown, key?: string): Promise<Answer> {
  const answer = await app.inject({
    method: route.method,
    url,
    headers: {
      ...(route.body && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'x-idempotency-key': key }),
    },
    ...(route.body && { payload: JSON.stringify(body) }),
  })
  return { status: answer.statusCode, headers: answer.headers, text: answer.payload }
}

/** Waits are left short, so that those that find nothing do not take the test's time. */
function patient(value: unknown): unknown {
  const { waitMs } = (value ?? {}) as { waitMs?: unknown }
  return typeof waitMs === 'number' && waitMs >= 0 && waitMs <= limits.waitMs
    ? { ...(value as object), waitMs: 1 }
    : value
}

function queryString(query: unknown): string {
  const pairs = Object.entries((query ?? {}) as Record<string, unknown>)
  return pairs.map(([name, value]) => `?${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`).join('&')
}

describe.each(entries)('%s', (id, route) => {
  const url = buildPath(route, params)

  testWhere(route.body)('answers every valid body as the protocol says', async () => {
    const check = compile(route.body!)
    const bodies = arbitraryOf(route.body!).map((body) => patient(body))
    await fc.assert(
      fc.asyncProperty(bodies, keys, async (body, key) => {
        expect(check(body), JSON.stringify(check.errors)).toBe(true)
        expectConforms(id, await send(route, url, body, key))
      }),
      { numRuns },
    )
  })

  testWhere(route.body)('names a field of every body that is not valid, and never fails', async () => {
    const check = compile(route.body!)
    const bodies = arbitraryOf(route.body!)
      .chain((body) => mutantOf(body))
      .map((body) => patient(body) ?? null)
    await fc.assert(
      fc.asyncProperty(bodies, keys, async (body, key) => {
        const answer = await send(route, url, body, key)
        expectConforms(id, answer)
        // What JSON makes of it counts: it has no -0 and no holes.
        if (check(JSON.parse(JSON.stringify(body)))) return
        expect(expectProblem(answer, 'invalid_request').field).toMatch(/./)
      }),
      { numRuns: numRuns * 2 },
    )
  })

  testWhere(route.query)('answers every valid query as the protocol says', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryOf(route.query!), async (query) => {
        expectConforms(id, await send(route, `${url}${queryString(patient(query))}`, undefined))
      }),
      { numRuns },
    )
  })

  test('refuses or answers any text in its path and query, and never fails', async () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webPath())
    await fc.assert(
      fc.asyncProperty(text, text, async (place, query) => {
        const path = withId(route.path, encodeSafely(place) || 'x')
        const answer = await send(route, `${path}?${encodeSafely(query)}`, {})
        if (answer.status >= 300) expectProblem(answer)
        // A slash or a question mark in its place may make it the path of another route.
        else if (!/[/?]/.test(place)) expectConforms(id, answer)
      }),
      { numRuns },
    )
  })
})

/** Percent-encodes what cannot stand in a request line, and leaves slashes, dots, percent signs and the like as they are. */
function encodeSafely(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\x21-\x7e]/gu, (char) => encodeURIComponent(char))
    .replaceAll('#', '%23')
}
