import type { ServerResponse } from 'node:http'
import { problem } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import { createClient, ofetchTransport, type SkyclawClient, SkyclawError } from '../src/index.ts'
import { type Transport, UnreachableError } from '../src/index.ts'
import { undiciTransport } from '../src/undici.ts'
import { json, serve } from './serve.ts'

const cancelled = { job: { id: 'j', status: 'cancelled' } }

/** The wait after the first round is longer than the call, whose last attempt is then never cut short: that would leave a doubt. */
const oneAttempt = { attemptTimeoutMs: 4_000, failover: { backoffBaseMs: 60_000, backoffMaxMs: 60_000 } }

async function withClient<T>(
  transport: Transport,
  coordinators: string[],
  use: (client: SkyclawClient) => Promise<T>,
  options = {},
): Promise<T> {
  const client = createClient({ coordinators, timeoutMs: 4_000, attemptTimeoutMs: 400, ...options, transport })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

describe.each<[string, () => Transport]>([
  ['ofetch', ofetchTransport],
  ['undici', undiciTransport],
])('over %s', (_, makeTransport) => {
  test('a failure before anything was sent leaves no doubt about the outcome', async () => {
    await using plain = await serve((_request, response) => json(response, 200, cancelled))
    for (const url of [plain.url.replace('http:', 'https:'), 'http://127.0.0.1:6000']) {
      const error = await withClient(
        makeTransport(),
        [url],
        (client) => client.jobs.cancel('j').catch((reason: unknown) => reason),
        oneAttempt,
      )
      expect(error).toBeInstanceOf(UnreachableError)
      expect(error).toMatchObject({ outcomeUnknown: false })
    }
  })

  test('the error of a write says that it may have happened whatever came last', async () => {
    const last: ((response: ServerResponse) => void)[] = [
      (response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>nginx</h1>'),
      (response) => void response.writeHead(200).end('x'.repeat(200_000)),
      (response) => json(response, 500, problem('internal', 'broke')),
    ]
    for (const answer of last) {
      await using server = await serve((_request, response, index) => (index > 0 ? answer(response) : undefined))
      const cancel = (client: SkyclawClient) => client.jobs.cancel('j').catch((reason: unknown) => reason)
      const error = await withClient(makeTransport(), [server.url], cancel, { maxResponseBytes: 100_000 })
      expect(error).toBeInstanceOf(SkyclawError)
      expect(error).toMatchObject({ outcomeUnknown: true })
      expect(server.received).toHaveLength(2)
    }
    await using broken = await serve((_request, response) => json(response, 500, problem('internal', 'broke')))
    await withClient(makeTransport(), [broken.url], async (client) => {
      await expect(client.jobs.cancel('j')).rejects.toMatchObject({ outcomeUnknown: true })
      await expect(client.jobs.get('j')).rejects.toMatchObject({ outcomeUnknown: false })
    })
  })
})
