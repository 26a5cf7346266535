import { describe, expect, test } from 'vitest'
import { createClient, WaitTimeoutError } from '../src/index.ts'
import { json, serve } from './serve.ts'

const shell = { kind: 'shell', command: 'true' } as const

describe('jobs', () => {
  test('enqueue sends payload, requirement and settings as the protocol has them', async () => {
    await using server = await serve((_request, response) => json(response, 200, { job: { id: 'j' } }))
    const client = createClient({ coordinators: [server.url] })
    const runAt = new Date('2030-01-01T00:00:00Z')
    await client.jobs.enqueue(shell, {
      requires: ['gpu'],
      labels: { zone: 'a' },
      priority: 3,
      runAt,
      maxAttempts: 2,
      maxLeaseLosses: 0,
      idempotencyKey: 'k',
    })
    await client.jobs.enqueue(shell)
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
      payload: shell,
      requirement: { requiredCapabilities: ['gpu'], labels: { zone: 'a' } },
      priority: 3,
      runAt: '2030-01-01T00:00:00.000Z',
      maxAttempts: 2,
      maxLeaseLosses: 0,
    })
    expect(server.received[0]?.headers['x-idempotency-key']).toBe('k')
    expect(JSON.parse(server.received[1]?.body ?? '')).toEqual({ payload: shell })
    await client.close()
  })

  test('a batch carries each item with its own settings and key', async () => {
    await using server = await serve((_request, response) => json(response, 200, { results: [{}, {}] }))
    const client = createClient({ coordinators: [server.url] })
    await client.jobs.enqueueBatch([
      { payload: shell, idempotencyKey: 'one' },
      { payload: shell, requires: ['gpu'] },
    ])
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
      jobs: [
        { payload: shell, idempotencyKey: 'one' },
        { payload: shell, requirement: { requiredCapabilities: ['gpu'] } },
      ],
    })
    await client.close()
  })

  test('wait asks until the job has ended, follows duplicates, and waits at the coordinator', async () => {
    const answers = [
      { id: 'a', status: 'leased' },
      { id: 'a', status: 'cancelled', duplicateOf: 'b' },
      { id: 'b', status: 'queued' },
      { id: 'b', status: 'failed' },
    ]
    await using server = await serve((_request, response, index) => json(response, 200, { job: answers[index] }))
    const client = createClient({ coordinators: [server.url] })
    expect(await client.jobs.wait('a')).toEqual({ id: 'b', status: 'failed' })
    expect(server.received.map((request) => request.url)).toEqual([
      '/v1/jobs/a?waitMs=25000',
      '/v1/jobs/a?waitMs=25000',
      '/v1/jobs/b?waitMs=25000',
      '/v1/jobs/b?waitMs=25000',
    ])
    await client.close()
  })

  test('wait ends by its own time with an error that names the job, by a signal with its reason, and never in a circle', async () => {
    let job: unknown = { id: 'a', status: 'queued' }
    await using server = await serve((_request, response) => json(response, 200, { job }))
    const client = createClient({ coordinators: [server.url] })
    await expect(client.jobs.wait('a', { timeoutMs: 300 })).rejects.toThrow(WaitTimeoutError)
    expect(server.received.length).toBeLessThan(5)
    await expect(client.jobs.wait('a', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    job = { id: 'a', status: 'cancelled', duplicateOf: 'a' }
    await expect(client.jobs.wait('a')).rejects.toThrow('more than 16 duplicates')
    await client.close()
  })

  test('retry, explain and what hosts are to do are calls of their routes', async () => {
    const answer = { job: { id: 'k' }, host: { id: 'h' }, summary: 'no host', hosts: [] }
    await using server = await serve((_request, response) => json(response, 200, answer))
    const client = createClient({ coordinators: [server.url] })
    expect(await client.jobs.retry('j')).toEqual({ id: 'k' })
    expect(await client.jobs.explain('j')).toMatchObject({ summary: 'no host', hosts: [] })
    for (const what of ['get', 'pause', 'resume', 'drain'] as const)
      expect(await client.hosts[what]('h')).toEqual({ id: 'h' })
    await client.hosts.drain('h', { deadlineMs: 5 })
    expect(server.received.map(({ method, url, body }) => `${method} ${url} ${body}`)).toEqual([
      'POST /v1/jobs/j/retry {}',
      'GET /v1/jobs/j/explain ',
      'GET /v1/hosts/h ',
      'POST /v1/hosts/h/pause {}',
      'POST /v1/hosts/h/resume {}',
      'POST /v1/hosts/h/drain {}',
      'POST /v1/hosts/h/drain {"deadlineMs":5}',
    ])
    await client.close()
  })
})
