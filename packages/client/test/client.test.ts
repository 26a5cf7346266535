import { problem } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import {
  createClient,
  ofetchTransport,
  type ProblemResponseError,
  type SkyclawClient,
  type Transport,
  UnreachableError,
} from '../src/index.ts'
import { undiciTransport } from '../src/undici.ts'
import { deadUrl, health, json, type Received, serve } from './serve.ts'

const host = { host: {}, cancel: [], lost: [], coordinators: [], leaseMs: 20_000 }
const cancelled = { job: { id: 'j', status: 'cancelled' } }

describe.each<[string, () => Transport]>([
  ['ofetch', ofetchTransport],
  ['undici', undiciTransport],
])('over %s', (_, makeTransport) => {
  async function withClient<T>(
    coordinators: string[],
    use: (client: SkyclawClient) => Promise<T>,
    options = {},
  ): Promise<T> {
    const client = createClient({
      coordinators,
      timeoutMs: 4_000,
      attemptTimeoutMs: 400,
      ...options,
      transport: makeTransport(),
    })
    try {
      return await use(client)
    } finally {
      await client.close()
    }
  }

  test('a dead coordinator is passed by, and the one that works is kept to', async () => {
    await using server = await serve((_request, response) => json(response, 200, health))
    await withClient([await deadUrl(), server.url], async (client) => {
      expect(await client.health()).toEqual(health)
      const started = performance.now()
      for (let count = 0; count < 5; count++) await client.health()
      expect(performance.now() - started).toBeLessThan(2_000)
      expect(server.received).toHaveLength(6)
    })
  })

  test('a hanging coordinator costs one attempt time-out, and the retry elsewhere carries the same key', async () => {
    await using hanging = await serve(() => {})
    await using server = await serve((_request, response) => json(response, 200, cancelled))
    await withClient([hanging.url, server.url], async (client) => {
      expect(await client.jobs.cancel('j', { reason: 'r' })).toEqual(cancelled.job)
      const key = server.received[0]?.headers['x-idempotency-key']
      expect(key).toMatch(/^[0-9a-f-]{36}$/)
      expect(hanging.received[0]?.headers['x-idempotency-key']).toBe(key)
      expect(hanging.received[0]?.body).toBe(server.received[0]?.body)
      expect(server.received[0]?.url).toBe('/v1/jobs/j/cancel')
    })
  })

  test('a write is retried with one key through 503 of unknown outcome, HTML 502, 429 and a reset in the body', async () => {
    await using server = await serve((_request, response, index) => {
      if (index === 0) return json(response, 503, problem('quorum_unreachable', 'no quorum', { outcome: 'unknown' }))
      if (index === 1) return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>')
      if (index === 2) return json(response, 429, problem('too_busy', 'busy'), { 'retry-after': '0' })
      if (index === 3) {
        response.writeHead(200, { 'content-length': '1000' }).write('{"job":')
        return void setImmediate(() => response.destroy())
      }
      json(response, 200, cancelled)
    })
    await withClient([server.url], async (client) => {
      expect(await client.jobs.cancel('j')).toEqual(cancelled.job)
      expect(server.received).toHaveLength(5)
      expect(new Set(server.received.map((request) => request.headers['x-idempotency-key'])).size).toBe(1)
    })
  })

  test('every attempt of a call after the first says how many came before it; the next call begins anew', async () => {
    await using server = await serve((_request, response, index) => {
      if (index < 2) return json(response, 503, problem('quorum_unreachable', 'no quorum', { outcome: 'unknown' }))
      json(response, 200, cancelled)
    })
    await using hanging = await serve(() => {})
    await withClient([hanging.url, server.url], async (client) => {
      await client.jobs.cancel('j')
      await client.jobs.cancel('k')
      const retries = (received: readonly Received[], id: string) =>
        received.filter(({ url }) => url.includes(`/${id}/`)).map(({ headers }) => headers['skyclaw-retry'])
      expect(retries(hanging.received, 'j')[0]).toBeUndefined()
      const all = [...retries(hanging.received, 'j'), ...retries(server.received, 'j')].map((retry) =>
        Number(retry ?? 0),
      )
      expect(all.toSorted((a, b) => a - b)).toEqual([...all.keys()])
      expect(retries(server.received, 'k')).toEqual([undefined])
    })
  })

  test('Retry-After holds the next attempt back', async () => {
    const times: number[] = []
    await using server = await serve((_request, response, index) => {
      times.push(performance.now())
      if (index === 0) return json(response, 503, problem('shutting_down', 'bye'), { 'retry-after': '1' })
      json(response, 200, health)
    })
    await withClient([server.url], (client) => client.health())
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990)
  })

  test.each([400, 401, 404, 409, 413, 500])(
    'a problem of status %i that is not retryable is final at once',
    async (status) => {
      await using first = await serve((_request, response) =>
        json(response, status, { ...problem('invalid_request', 'payload is wrong', { field: 'payload' }), status }),
      )
      await using second = await serve((_request, response) => json(response, 200, cancelled))
      await withClient([first.url, second.url], async (client) => {
        const error = (await client.jobs.cancel('j').catch((reason: unknown) => reason)) as ProblemResponseError
        expect(error).toMatchObject({
          name: 'ProblemResponseError',
          status,
          code: 'invalid_request',
          field: 'payload',
          url: first.url,
        })
        expect(error.outcomeUnknown).toBe(false)
        expect(first.received).toHaveLength(1)
        expect(second.received).toHaveLength(0)
      })
    },
  )

  test('an answer that is not of the protocol gives an error that says what came, and another coordinator is asked', async () => {
    await using proxy = await serve(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
    )
    await using other = await serve((_request, response) => json(response, 200, { status: 'up' }))
    await using server = await serve((_request, response) => json(response, 200, health))
    await withClient([proxy.url], (client) =>
      expect(client.health()).rejects.toThrow(
        `${proxy.url}: answered 200 with not a JSON object: is it a coordinator? It begins: "<html>Sign in</html>"`,
      ),
    )
    await withClient([other.url], (client) => expect(client.health()).rejects.toThrow('JSON without ok'))
    await withClient([proxy.url, other.url, server.url], async (client) =>
      expect(await client.health()).toEqual(health),
    )
    expect(proxy.received).toHaveLength(2)
  })

  test('a page instead of a problem document is a clear error: final for 404', async () => {
    await using server = await serve(
      (_request, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>nginx</h1>'),
    )
    await withClient([server.url], (client) =>
      expect(client.health()).rejects.toMatchObject({ name: 'UnexpectedAnswerError', status: 404 }),
    )
    expect(server.received).toHaveLength(1)
  })

  test('a redirect is not followed, so that the token goes nowhere else', async () => {
    await using target = await serve((_request, response) => json(response, 200, health))
    await using server = await serve(
      (_request, response) => void response.writeHead(307, { location: target.url }).end(),
    )
    await withClient(
      [server.url],
      (client) => expect(client.health()).rejects.toThrow(`redirects to ${target.url} (307)`),
      { token: 's3cret' },
    )
    expect(target.received).toHaveLength(0)
  })

  test('an answer above maxResponseBytes is refused without reading it all', async () => {
    let written = 0
    await using server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = Buffer.alloc(65_536, ' ')
      const more = () => {
        while (!response.destroyed && written < 1e9 && response.write(chunk)) written += chunk.length
      }
      response.on('drain', more)
      more()
    })
    await withClient([server.url], (client) => expect(client.health()).rejects.toThrow('larger than 100000 bytes'), {
      maxResponseBytes: 100_000,
    })
    expect(written).toBeLessThan(100e6)
  })

  test('when nobody answers, the error lists each URL with its last error and whether the outcome is unknown', async () => {
    const dead = await deadUrl()
    await using hanging = await serve(() => {})
    const refused = await withClient([dead], (client) => client.jobs.cancel('j').catch((error: unknown) => error), {
      timeoutMs: 300,
    })
    expect(refused).toBeInstanceOf(UnreachableError)
    expect(refused).toMatchObject({ outcomeUnknown: false, attempts: [{ url: dead }] })
    const unknown = await withClient(
      [dead, hanging.url],
      (client) => client.jobs.cancel('j').catch((error: unknown) => error),
      {
        timeoutMs: 1_000,
        token: 's3cret',
      },
    )
    expect(unknown).toBeInstanceOf(UnreachableError)
    expect(unknown).toMatchObject({ outcomeUnknown: true, attempts: [{ url: dead }, { url: hanging.url }] })
    expect(String(unknown)).toContain('may have been carried out')
    expect(String(unknown)).not.toContain('s3cret')
  })

  test('an attempt that the end of the call cut short does not hide what the one before it met', async () => {
    await using server = await serve((_request, response, index) => {
      if (index === 0) response.destroy()
    })
    await withClient(
      [server.url],
      async (client) => {
        const error = (await client.health().catch((reason: unknown) => reason)) as UnreachableError
        expect(error.attempts).toHaveLength(1)
        expect(error.message).not.toContain('no answer within')
      },
      { timeoutMs: 350 },
    )
  })

  test('the overall time bounds a call through all its retries', async () => {
    await using server = await serve((_request, response) =>
      json(response, 503, problem('quorum_unreachable', 'no quorum', { outcome: 'unknown' })),
    )
    const started = performance.now()
    const error = await withClient(
      [server.url],
      (client) => client.jobs.cancel('j').catch((reason: unknown) => reason),
      { timeoutMs: 700 },
    )
    expect(performance.now() - started).toBeLessThan(1_500)
    expect(error).toMatchObject({ code: 'quorum_unreachable', outcomeUnknown: true })
    expect(server.received.length).toBeGreaterThan(1)
  })

  test('a waiting call has its waitMs on top of the attempt time-out', async () => {
    await using server = await serve(
      (_request, response) => void setTimeout(() => json(response, 200, { job: null }), 700),
    )
    await withClient([server.url], (client) => client.call('claimJobs', { params: { id: 'h' }, body: { waitMs: 600 } }))
    expect(server.received).toHaveLength(1)
  })

  test('the token, a key on mutating calls except the heartbeat, and a path prefix travel as they must', async () => {
    await using server = await serve((request, response) =>
      json(
        response,
        200,
        request.url.includes('heartbeat') ? host : request.method === 'GET' ? { jobs: [] } : cancelled,
      ),
    )
    await withClient(
      [`${server.url}/skyclaw/`],
      async (client) => {
        await client.call('heartbeat', { params: { id: 'h 1' }, body: {} })
        await client.jobs.list({ status: 'queued', limit: 5 })
        await client.jobs.cancel('j', { idempotencyKey: 'mine' })
      },
      { token: 's3cret' },
    )
    const [heartbeat, list, cancel] = server.received
    expect(heartbeat).toMatchObject({ method: 'POST', url: '/skyclaw/v1/hosts/h%201/heartbeat', body: '{}' })
    expect(heartbeat?.headers).toMatchObject({ 'x-skyclaw-token': 's3cret', 'content-type': 'application/json' })
    expect(heartbeat?.headers['x-idempotency-key']).toBeUndefined()
    expect(list).toMatchObject({ method: 'GET', url: '/skyclaw/v1/jobs?status=queued&limit=5', body: '' })
    expect(list?.headers['x-idempotency-key']).toBeUndefined()
    expect(cancel?.headers['x-idempotency-key']).toBe('mine')
  })

  test("a caller's signal ends the call with its reason", async () => {
    await using server = await serve(() => {})
    const controller = new AbortController()
    await withClient([server.url], async (client) => {
      const call = client.jobs.get('j', { signal: controller.signal })
      await expect.poll(() => server.received.length).toBe(1)
      controller.abort(new Error('enough'))
      await expect(call).rejects.toThrow('enough')
    })
  })
})
