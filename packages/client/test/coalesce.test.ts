import type { ServerResponse } from 'node:http'
import { problem } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import {
  type ClientOptions,
  createClient,
  ProblemResponseError,
  type SkyclawClient,
  UnreachableError,
} from '../src/index.ts'
import { undiciTransport } from '../src/undici.ts'
import { deadUrl, health, json, type Received, serve, type Served } from './serve.ts'

const shell = (command: string) => ({ kind: 'shell', command }) as const

interface Asked {
  readonly key: string
  readonly command: string
}

/** The jobs of a request, plain or batch. */
function jobsOf({ url, headers, body }: Received): Asked[] {
  const parsed = JSON.parse(body)
  if (url === '/v1/jobs') return [{ key: String(headers['x-idempotency-key']), command: parsed.payload.command }]
  expect(headers['x-idempotency-key']).toBeUndefined()
  return parsed.jobs.map((job: { idempotencyKey: string; payload: { command: string } }) => {
    return { key: job.idempotencyKey, command: job.payload.command }
  })
}

const enqueues = ({ received }: Served) => received.filter(({ method }) => method === 'POST')

/** Answers each job with its command as its id; a problem that `trouble` gives stands in for it. */
function answer(
  request: Received,
  response: ServerResponse,
  trouble: (job: Asked) => ReturnType<typeof problem> | undefined = () => undefined,
): void {
  if (request.method === 'GET') return json(response, 200, health)
  const results = jobsOf(request).map((job) => {
    const wrong = trouble(job)
    return wrong ? { problem: wrong } : { job: { id: job.command } }
  })
  if (request.url === '/v1/jobs/batch') return json(response, 200, { results })
  const [only] = results
  json(response, only?.problem?.status ?? 200, only?.problem ?? only)
}

async function withClient<T>(
  coordinators: string[],
  use: (client: SkyclawClient) => Promise<T>,
  options: Partial<ClientOptions> = {},
): Promise<T> {
  const client = createClient({ coordinators, learn: false, transport: undiciTransport(), ...options })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)
const enqueueAll = (client: SkyclawClient, commands: string[]) =>
  Promise.allSettled(commands.map((command) => client.jobs.enqueue(shell(command))))

describe('concurrent enqueue calls', () => {
  test('share requests, each with a UUIDv7 of its own as key, and each has its own answer', async () => {
    await using server = await serve((request, response) => answer(request, response))
    await withClient([server.url], async (client) => {
      const jobs = await Promise.all(names(250).map((command) => client.jobs.enqueue(shell(command))))
      expect(jobs.map(({ id }) => id)).toEqual(names(250))
    })
    expect(server.received.map((request) => jobsOf(request).length)).toEqual([100, 100, 50])
    const keys = server.received.flatMap(jobsOf).map(({ key }) => key)
    expect(new Set(keys).size).toBe(250)
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test('that come one by one are plain requests, and so are all with coalesce: false', async () => {
    await using server = await serve((request, response) => answer(request, response))
    await withClient([server.url], async (client) => {
      for (const command of names(2)) await client.jobs.enqueue(shell(command), { idempotencyKey: `key"${command}` })
    })
    expect(server.received.map(jobsOf)).toEqual([
      [{ key: 'key"c0', command: 'c0' }],
      [{ key: 'key"c1', command: 'c1' }],
    ])
    await withClient([server.url], (client) => enqueueAll(client, names(5)), { coalesce: false })
    expect(server.received.slice(2).map(({ url }) => url)).toEqual(Array.from({ length: 5 }, () => '/v1/jobs'))
  })

  test('gather while requests are under way', async () => {
    const held = Promise.withResolvers<void>()
    await using server = await serve(async (request, response, index) => {
      if (index === 0) await held.promise
      answer(request, response)
    })
    await withClient(
      [server.url],
      async (client) => {
        const first = client.jobs.enqueue(shell('first'))
        await expect.poll(() => server.received.length).toBe(1)
        const later = enqueueAll(client, names(3))
        held.resolve()
        await Promise.all([first, later])
      },
      { coalesce: { maxRequests: 1 } },
    )
    expect(server.received.map((request) => jobsOf(request).map(({ command }) => command))).toEqual([
      ['first'],
      ['c0', 'c1', 'c2'],
    ])
  })

  test('of which one is refused as a fault of the whole request have what is their own', async () => {
    await using server = await serve((request, response) => {
      const wrong = jobsOf(request).some(({ command }) => command === 'c5' || command === 'c90')
      if (!wrong) return answer(request, response)
      const field = request.url === '/v1/jobs' ? 'payload' : 'jobs'
      json(response, 400, problem('invalid_request', 'the payload is wrong', { field }))
    })
    await withClient([server.url], async (client) => {
      const results = await enqueueAll(client, names(100))
      const refused = results.flatMap((result, index) =>
        result.status === 'rejected' ? [[index, result.reason.field]] : [],
      )
      expect(refused).toEqual([
        [5, 'payload'],
        [90, 'payload'],
      ])
    })
    expect(server.received.length).toBeLessThan(40)
    const keyOf = new Map<string, string>()
    for (const { command, key } of server.received.flatMap(jobsOf)) {
      expect(keyOf.get(command) ?? key).toBe(key)
      keyOf.set(command, key)
    }
  })

  test('do not wait for each other while it is found out whose fault a refusal is', async () => {
    const held: (() => void)[] = []
    const asked = new Set<string>()
    await using server = await serve((request, response) => {
      const jobs = jobsOf(request)
      if (jobs.some(({ command }) => command === 'c5')) {
        return json(response, 400, problem('invalid_request', 'jobs.5 is wrong'))
      }
      for (const { command } of jobs) asked.add(command)
      held.push(() => answer(request, response))
      if (asked.size === 99) for (const release of held.splice(0)) release()
    })
    await withClient([server.url], async (client) => {
      const settled = await enqueueAll(client, names(100))
      expect(settled.filter(({ status }) => status === 'rejected')).toEqual([settled[5]])
    })
  })

  test('have the typed errors of their own, and those that may try again do so without the others', async () => {
    let isBusy = true
    await using server = await serve((request, response) => {
      answer(request, response, ({ command }) => {
        if (command === 'mismatch') return problem('idempotency_mismatch', 'another job')
        if (command === 'broken') return problem('internal', 'broke')
        return command === 'busy' && isBusy ? problem('too_busy', 'later', { outcome: 'not_applied' }) : undefined
      })
      isBusy = false
    })
    await withClient([server.url], async (client) => {
      const [mismatch, broken, busy, fine] = await enqueueAll(client, ['mismatch', 'broken', 'busy', 'fine'])
      expect(mismatch).toMatchObject({ reason: { code: 'idempotency_mismatch', outcomeUnknown: false } })
      expect(mismatch?.status === 'rejected' && mismatch.reason).toBeInstanceOf(ProblemResponseError)
      expect(broken).toMatchObject({ reason: { code: 'internal', outcomeUnknown: true } })
      expect(busy).toMatchObject({ value: { id: 'busy' } })
      expect(fine).toMatchObject({ value: { id: 'fine' } })
    })
    expect(server.received.map((request) => jobsOf(request).map(({ command }) => command))).toEqual([
      ['mismatch', 'broken', 'busy', 'fine'],
      ['busy'],
    ])
  })

  test('go on at the next coordinator with their keys, and so do those alone that the first one cannot help', async () => {
    const cutOff = problem('quorum_unreachable', 'no quorum', { outcome: 'unknown' })
    await using first = await serve((request, response) => {
      answer(request, response, ({ command }) => (command === 'c1' ? cutOff : undefined))
    })
    await using second = await serve((request, response) => answer(request, response))
    await withClient([await deadUrl(), first.url, second.url], async (client) => {
      const results = await enqueueAll(client, names(3))
      expect(results.every(({ status }) => status === 'fulfilled')).toBe(true)
    })
    const [asked = []] = first.received.map(jobsOf)
    expect(asked).toHaveLength(3)
    expect(enqueues(second).map(jobsOf)).toEqual([[asked[1]]])
  })

  test('whose coordinator falls silent go on at another one', async () => {
    await using silent = await serve(() => {})
    await using second = await serve((request, response) => answer(request, response))
    const failover = { pingAfterMs: 50, pingTimeoutMs: 50 }
    await withClient(
      [silent.url, second.url],
      async (client) => {
        const results = await enqueueAll(client, names(3))
        expect(results.map((result) => result.status === 'fulfilled' && result.value.id)).toEqual(names(3))
      },
      { failover },
    )
    expect(enqueues(second).map(jobsOf)).toEqual(enqueues(silent).map(jobsOf))
  })

  test('end by their own signal alone; the request of the others goes on, and one that nobody waits for ends', async () => {
    const held = Promise.withResolvers<void>()
    const closed: number[] = []
    await using server = await serve(async (request, response, index) => {
      response.once('close', () => closed.push(index))
      await held.promise
      answer(request, response)
    })
    await withClient([server.url], async (client) => {
      const leaving = new AbortController()
      const gone = client.jobs.enqueue(shell('gone'), { signal: leaving.signal })
      const stays = client.jobs.enqueue(shell('stays'), { signal: new AbortController().signal })
      await expect.poll(() => server.received.length).toBe(1)
      leaving.abort(new Error('enough'))
      await expect(gone).rejects.toThrow('enough')
      expect(closed).toEqual([])
      const all = new AbortController()
      const others = ['a', 'b'].map((command) => client.jobs.enqueue(shell(command), { signal: all.signal }))
      await expect.poll(() => server.received.length).toBe(2)
      all.abort(new Error('both'))
      for (const other of others) await expect(other).rejects.toThrow('both')
      await expect.poll(() => closed).toEqual([1])
      held.resolve()
      expect(await stays).toEqual({ id: 'stays' })
      await expect(client.jobs.enqueue(shell('x'), { signal: all.signal })).rejects.toThrow('both')
    })
  })

  test('end by their own time with what was tried, and by the end of the client with its reason', async () => {
    await using server = await serve(() => {})
    const client = createClient({ coordinators: [server.url], learn: false, coalesce: { maxRequests: 1 } })
    const short = ['a', 'b'].map((command) => client.jobs.enqueue(shell(command), { timeoutMs: 150 }))
    const long = ['c', 'd'].map((command) => client.jobs.enqueue(shell(command)))
    for (const call of short) {
      const error = await call.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UnreachableError)
      expect(error).toMatchObject({ outcomeUnknown: true, attempts: [{ url: server.url }] })
    }
    const ends = Promise.allSettled(long)
    await client.close()
    for (const end of await ends)
      expect(end).toMatchObject({ status: 'rejected', reason: { message: 'the client is closed' } })
    await expect(client.jobs.enqueue(shell('e'))).rejects.toThrow('the client is closed')
  })

  test('reject what cannot be sent for who gave it alone', async () => {
    await using server = await serve((request, response) => answer(request, response))
    await withClient([server.url], async (client) => {
      const circle: Record<string, string> = {}
      Object.assign(circle, { circle })
      const [wrongKey, noJson, fine] = await Promise.allSettled([
        client.jobs.enqueue(shell('a'), { idempotencyKey: 'two words' }),
        client.jobs.enqueue({ ...shell('b'), env: circle }),
        client.jobs.enqueue(shell('fine')),
      ])
      expect(wrongKey).toMatchObject({ reason: { option: 'idempotencyKey' } })
      expect(noJson).toMatchObject({ reason: expect.any(TypeError) })
      expect(fine).toMatchObject({ value: { id: 'fine' } })
    })
    expect(server.received).toHaveLength(1)
  })

  test('of large jobs travel alone', async () => {
    await using server = await serve((request, response) => answer(request, response))
    await withClient([server.url], async (client) => {
      await Promise.all([
        client.jobs.enqueue({ ...shell('a'), stdin: 'x'.repeat(70_000) }),
        enqueueAll(client, names(2)),
      ])
    })
    expect(server.received.map((request) => jobsOf(request).length).toSorted((a, b) => a - b)).toEqual([1, 2])
  })
})
