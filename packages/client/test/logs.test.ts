import { problem } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import {
  createClient,
  type LogOptions,
  ofetchTransport,
  type OutputChunk,
  type SkyclawClient,
  type Transport,
} from '../src/index.ts'
import { undiciTransport } from '../src/undici.ts'
import { attemptOne, begin, ended, event, fromOf, piece } from './log-server.ts'
import { deadUrl, health, json, type Received, serve } from './serve.ts'

const failover = { backoffBaseMs: 20, pingAfterMs: 50, pingTimeoutMs: 100, streamSilenceMs: 400 }
const isLog = ({ url }: Received) => url.startsWith('/v1/jobs/')

/** Reads a log to its end. */
async function readAll(client: SkyclawClient, options: LogOptions = { follow: true }) {
  const chunks: OutputChunk[] = []
  const iterator = client.jobs.logs('j', options)
  for (;;) {
    const { done, value } = await iterator.next()
    if (done) return { chunks, text: chunks.map((chunk) => chunk.text).join(''), end: value }
    chunks.push(value)
  }
}

describe.each<[string, () => Transport]>([
  ['ofetch', ofetchTransport],
  ['undici', () => undiciTransport({ connections: 1 })],
])('a log over %s', (_, makeTransport) => {
  async function withClient<T>(coordinators: string[], use: (client: SkyclawClient) => Promise<T>): Promise<T> {
    const options = { failover, token: 's3cret', learn: false, timeoutMs: 500, attemptTimeoutMs: 400 }
    const client = createClient({ coordinators, ...options, transport: makeTransport() })
    try {
      return await use(client)
    } finally {
      await client.close()
    }
  }

  test('comes piece by piece as it is sent, with its attempts and its end', async () => {
    const shown = Promise.withResolvers<void>()
    await using server = await serve(async (_request, response) => {
      begin(response)
      response.write(event('attempt', '1.0.0', attemptOne) + piece({ offset: 0, text: 'first\n' }))
      await shown.promise
      response.write(': still there\n\n' + piece({ stream: 'stderr', offset: 0, text: 'grüße\n' }))
      response.end(event('end', '1.6.8', ended))
    })
    await withClient([server.url], async (client) => {
      const told: unknown[] = []
      const log = client.jobs.logs('j', { follow: true, attempt: 1, onAttempt: (one) => told.push(one) })
      const first = await log.next()
      expect(first.value).toMatchObject({ attempt: 1, stream: 'stdout', offset: 0, text: 'first\n' })
      expect(told).toEqual([attemptOne])
      shown.resolve()
      const second = (await log.next()).value as OutputChunk
      expect(second).toMatchObject({ stream: 'stderr', offset: 0, text: 'grüße\n' })
      expect(Buffer.from(second.bytes).toString()).toBe('grüße\n')
      expect(await log.next()).toEqual({ done: true, value: ended })
      expect(server.received[0]).toMatchObject({
        url: '/v1/jobs/j/logs?follow=1&attempt=1',
        headers: { 'x-skyclaw-token': 's3cret' },
      })
      expect(server.received[0]?.headers.accept).toMatch(/^text\/event-stream/)
    })
  })

  const breaks: [string, (response: Parameters<typeof begin>[0]) => void][] = [
    ['is killed', (response) => void response.destroy()],
    ['ends the stream', (response) => void response.end()],
    ['says nothing more', () => {}],
    ['breaks off in the middle of an event', (response) => void response.end('id: 1.2.0\nevent: chunk\ndata: {"att')],
    ['sends no log', (response) => void response.write(event('chunk', '1.2.0', { attempt: 1 }))],
    ['sends a line without end', (response) => void response.write(`data: ${'x'.repeat(5_000_000)}`)],
  ]
  test.each(breaks)('goes on at the next coordinator when the one that sends it %s', async (_what, breakOff) => {
    const output = '0123456789'
    await using first = await serve((request, response) => {
      if (!isLog(request)) return json(response, 200, health)
      begin(response)
      response.write(event('attempt', '1.0.0', attemptOne) + piece({ offset: 0, text: output.slice(0, 4) }), () =>
        breakOff(response),
      )
    })
    await using second = await serve((request, response) => {
      begin(response)
      // It sends some of it again, as one may that keeps other pieces.
      const from = Math.max(0, fromOf(request) - 2)
      const news = event('attempt', `1.${from}.0`, attemptOne) + piece({ offset: from, text: output.slice(from) })
      response.end(news + event('end', '1.10.0', ended))
    })
    await withClient([first.url, second.url], async (client) => {
      const attempts: number[] = []
      const log = await readAll(client, { follow: true, onAttempt: ({ attempt }) => attempts.push(attempt) })
      expect(log).toMatchObject({ text: output, end: ended })
      expect(log.chunks.map(({ offset }) => offset)).toEqual([0, 4])
      expect(attempts).toEqual([1])
      expect(second.received[0]?.headers['last-event-id']).toBe('1.4.0')
    })
  })

  test('is asked for elsewhere when a coordinator is gone, hangs, is busy, or is none', async () => {
    await using hanging = await serve(() => {})
    await using busy = await serve((_request, response) =>
      json(response, 429, problem('too_busy', 'later'), { 'retry-after': '60' }),
    )
    await using page = await serve((_request, response) => void response.writeHead(200).end('<html>'))
    await using server = await serve((_request, response) => {
      begin(response)
      response.end(piece({ offset: 0, text: 'x' }) + event('end', '1.1.0', ended))
    })
    const urls = [await deadUrl(), hanging.url, busy.url, page.url, server.url]
    await withClient(urls, async (client) => {
      expect((await readAll(client)).text).toBe('x')
      expect(busy.received).toHaveLength(1)
    })
  })

  test('goes on through an outage, of which it tells once', async () => {
    let opened = 0
    await using server = await serve((request, response) => {
      opened += 1
      if (opened > 1 && opened < 9) return json(response, 503, problem('shutting_down', 'later'))
      begin(response)
      const from = fromOf(request)
      response.write(piece({ offset: from, text: 'ab'.slice(from, from + 1) }))
      return void response.end(opened > 1 ? event('end', '1.2.0', ended) : '')
    })
    await withClient([server.url], async (client) => {
      const outages: string[] = []
      const log = await readAll(client, { follow: true, onOutage: ({ message }) => outages.push(message) })
      expect(log.text).toBe('ab')
      expect(outages).toEqual(['later'])
    })
  })

  test('ends with the error of an outage that lasts for too long', async () => {
    await using server = await serve((_request, response) => json(response, 503, problem('shutting_down', 'gone')))
    await withClient([server.url], async (client) => {
      await expect(readAll(client, { follow: true, maxOutageMs: 800 })).rejects.toMatchObject({
        code: 'shutting_down',
      })
      await expect(readAll(client, {})).rejects.toThrow('gone')
    })
  })

  test.each(['not_found', 'unauthorized', 'invalid_request'] as const)('%s is final at once', async (code) => {
    await using server = await serve((_request, response) => json(response, 400, problem(code, 'no job j')))
    await withClient([server.url, await deadUrl()], async (client) => {
      await expect(readAll(client)).rejects.toMatchObject({ code })
      expect(server.received).toHaveLength(1)
    })
  })

  test('takes no connection from other calls, and frees its own when nobody reads on', async () => {
    let open = 0
    await using server = await serve((request, response) => {
      if (!isLog(request)) return json(response, 200, health)
      open += 1
      response.on('close', () => (open -= 1))
      begin(response)
      return void response.write(piece({ offset: 0, text: 'x' }))
    })
    await withClient([server.url], async (client) => {
      const logs = Array.from({ length: 3 }, () => client.jobs.logs('j', { follow: true }))
      for (const log of logs) expect((await log.next()).value).toMatchObject({ text: 'x' })
      expect(open).toBe(3)
      expect(await client.health()).toEqual(health)
      for (const log of logs) await log.return({ status: 'leased', complete: false })
      await expect.poll(() => open).toBe(0)
    })
  })

  test('ends with the reason of its signal, and when the client is closed', async () => {
    await using server = await serve((_request, response) => begin(response))
    await withClient([server.url], async (client) => {
      const ending = new AbortController()
      const reading = readAll(client, { follow: true, signal: ending.signal })
      const closed = readAll(client).catch((error: unknown) => String(error))
      await expect.poll(() => server.received.length).toBe(2)
      ending.abort(new Error('enough'))
      await expect(reading).rejects.toThrow('enough')
      await client.close()
      expect(await closed).toContain('the client is closed')
    })
  })

  test('a reader that is slow is neither lost nor run ahead of', async () => {
    const block = 'x'.repeat(65_536)
    const blocks = 400
    let written = 0
    await using server = await serve(async (_request, response) => {
      begin(response)
      for (; written < blocks; written++) {
        const more = response.write(piece({ offset: written * block.length, text: block }))
        if (!more) await new Promise((resolve) => response.once('drain', resolve))
      }
      response.end(event('end', `1.${blocks * block.length}.0`, ended))
    })
    await withClient([server.url], async (client) => {
      const log = client.jobs.logs('j', { follow: true })
      await log.next()
      let seen = -1
      // Nothing moves any more: what is under way is what the connection holds, far from everything.
      await expect
        .poll(() => written === seen || ((seen = written), false), {
          interval: 2 * failover.streamSilenceMs,
          timeout: 10_000,
        })
        .toBe(true)
      expect(written).toBeLessThan(blocks / 2)
      let bytes = block.length
      for await (const chunk of log) bytes += chunk.bytes.length
      expect(bytes).toBe(blocks * block.length)
      expect(server.received.filter(isLog)).toHaveLength(1)
    })
  })
})

test('a call of an operation that is a stream says what to use', async () => {
  const client = createClient({ coordinators: [await deadUrl()] })
  await expect(client.call('readLogs', { params: { id: 'j' } })).rejects.toThrow('use jobs.logs')
  await client.close()
})
