import { setTimeout as sleep } from 'node:timers/promises'
import { problem, type ProblemCode } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import { createClient, ofetchTransport, type SkyclawClient, type Transport } from '../src/index.ts'
import { undiciTransport } from '../src/undici.ts'
import { health, json, serve } from './serve.ts'

const cancelled = { job: { id: 'j', status: 'cancelled' } }
const failover = { pingAfterMs: 50, pingMaxMs: 100, pingTimeoutMs: 400 }

describe.each<[string, () => Transport]>([
  ['ofetch', ofetchTransport],
  ['undici', undiciTransport],
])('over %s', (_, makeTransport) => {
  async function withClient<T>(coordinators: string[], use: (client: SkyclawClient) => Promise<T>): Promise<T> {
    const client = createClient({ coordinators, failover, token: 's3cret', learn: false, transport: makeTransport() })
    try {
      return await use(client)
    } finally {
      await client.close()
    }
  }

  test('one that answers no ping is left behind long before its time is up, with the same key elsewhere', async () => {
    await using stopped = await serve(() => {})
    await using server = await serve((_request, response) => json(response, 200, cancelled))
    await withClient([stopped.url, server.url], async (client) => {
      const startedAt = performance.now()
      expect(await client.jobs.cancel('j')).toEqual(cancelled.job)
      expect(performance.now() - startedAt).toBeLessThan(3_000)
      const [asked, ping] = stopped.received
      expect(server.received[0]?.headers['x-idempotency-key']).toBe(asked?.headers['x-idempotency-key'])
      expect(server.received[0]?.headers['skyclaw-retry']).toBe('1')
      expect(ping).toMatchObject({ method: 'GET', url: '/health' })
      expect(ping?.headers['x-skyclaw-token']).toBeUndefined()
      await client.jobs.cancel('k')
      expect(stopped.received).toHaveLength(2)
    })
  })

  test('a call that waits moves on when its coordinator is stopped later, and stays at one that answers pings', async () => {
    let isStopped = false
    await using first = await serve((request, response) => {
      if (request.url === '/health' && !isStopped) json(response, 200, health)
    })
    await using second = await serve((_request, response) => json(response, 200, { job: null }))
    await withClient([first.url, second.url], async (client) => {
      const claim = client.call('claimJobs', { params: { id: 'h' }, body: { waitMs: 20_000 } })
      await expect.poll(() => first.received.length).toBeGreaterThan(3)
      expect(second.received).toHaveLength(0)
      isStopped = true
      expect(await claim).toEqual({ job: null })
    })
  })

  test('an answer that comes late all the same counts, when the others have none', async () => {
    await using late = await serve(async (request, response) => {
      if (request.url === '/health') return
      await sleep(1_500)
      json(response, 200, cancelled)
    })
    await using other = await serve((_request, response) =>
      json(response, 503, problem('insufficient_replicas', 'cut off')),
    )
    await withClient([late.url, other.url], async (client) => {
      expect(await client.jobs.cancel('j')).toEqual(cancelled.job)
      expect(other.received.length).toBeGreaterThan(1)
      expect(late.received.filter(({ url }) => url !== '/health')).toHaveLength(1)
    })
  })

  test('many calls at once share their pings', async () => {
    await using stopped = await serve(() => {})
    await using server = await serve((_request, response) => json(response, 200, cancelled))
    await withClient([stopped.url, server.url], async (client) => {
      await Promise.all(Array.from({ length: 20 }, () => client.jobs.cancel('j')))
      expect(stopped.received.filter(({ url }) => url === '/health').length).toBeLessThan(5)
    })
  })

  test('a refusal after an attempt that may still arrive says that the outcome is unknown', async () => {
    await using stopped = await serve(() => {})
    await using server = await serve((_request, response) => json(response, 409, problem('job_terminal', 'it ended')))
    await withClient([stopped.url, server.url], (client) =>
      expect(client.jobs.cancel('j')).rejects.toMatchObject({ code: 'job_terminal', outcomeUnknown: true }),
    )
  })

  test.each<ProblemCode>(['insufficient_replicas', 'quorum_unreachable', 'shutting_down'])(
    'a coordinator that answers %s is passed by for the next one, which is kept to',
    async (code) => {
      await using first = await serve((_request, response) => json(response, 503, problem(code, 'not here')))
      await using second = await serve((_request, response) => json(response, 200, cancelled))
      await withClient([first.url, second.url], async (client) => {
        for (let count = 0; count < 3; count++) expect(await client.jobs.cancel('j')).toEqual(cancelled.job)
        expect(first.received).toHaveLength(1)
        expect(second.received[0]?.headers['x-idempotency-key']).toBe(first.received[0]?.headers['x-idempotency-key'])
      })
    },
  )
})

test('a client of one coordinator has no use for pings', async () => {
  await using server = await serve(async (_request, response) => {
    await sleep(300)
    json(response, 200, cancelled)
  })
  const client = createClient({ coordinators: [server.url], failover })
  await client.jobs.cancel('j')
  await client.close()
  expect(server.received).toHaveLength(1)
})
