import { limits } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { expectProblem } from '../http/conformity.ts'
import { shellJob, startTestCoordinator, token } from '../http/test-coordinator.ts'
import {
  beginJob,
  chunksOf,
  claim,
  close,
  complete,
  follow,
  hostId,
  next,
  place,
  read,
  readAll,
  send,
  textOf,
} from './log-network.ts'

describe('putting', () => {
  test('pieces are appended, repeats are passed by, and a gap says where to go on', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    expect(JSON.parse((await send(node, id, 0, 'hello')).text)).toEqual({ size: 5 })
    expect(JSON.parse((await send(node, id, 2, 'llo!')).text)).toEqual({ size: 6 })
    expect(expectProblem(await send(node, id, 9, 'x'), 'log_gap').expectedOffset).toBe(6)
    expect(JSON.parse((await send(node, id, 9, 'x', { gap: true })).text)).toEqual({ size: 10 })
    await close(node, id, 10)
    expectProblem(await send(node, id, 10, 'more'), 'log_closed')
    expect((await send(node, id, 0, 'hello')).status).toBe(200)
  })

  test('a piece may have 64 KiB and not a byte more, and must be said to be bytes', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    const most = new Uint8Array(limits.logChunkBytes)
    expect((await send(node, id, 0, most)).status).toBe(200)
    expectProblem(await send(node, id, most.length, new Uint8Array(most.length + 1)), 'payload_too_large')
    const params = { id, attempt: '1', stream: 'stdout' }
    const call = { params, query: { hostId, offset: '0' }, body: { a: 1 } }
    expectProblem(await node.call('putLog', call), 'unsupported_media_type')
    const headers = { 'content-type': 'application/octet-stream' }
    expectProblem(await node.call('enqueueJob', { body: shellJob(), headers }), 'unsupported_media_type')
  })

  test('only the host of an attempt may write its log, and a superseded one no more', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    expectProblem(await send(node, id, 0, 'x', { from: 'somebody-else' }), 'lease_lost')
    expectProblem(await send(node, id, 0, 'x', { attempt: 2 }), 'lease_lost')
    expectProblem(await send(node, 'no-job', 0, 'x'), 'not_found')
    expect((await send(node, id, 0, 'x')).status).toBe(200)
    await node.ok('releaseJob', { params: { id }, body: { hostId, attempt: 1 } })
    // Nobody else works on it yet.
    expect((await send(node, id, 1, 'y')).status).toBe(200)
    expect(await claim(node)).toBe(2)
    expectProblem(await send(node, id, 2, 'z'), 'lease_lost')
    const body = { hostId, stdout: 2, stderr: 0 }
    expectProblem(await node.call('closeLog', { params: { id, attempt: '1' }, body }), 'lease_lost')
    expect((await send(node, id, 0, 'z', { attempt: 2 })).status).toBe(200)
  })

  test('no stream grows past what can be counted, and readers of the other one end', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    const most = Number.MAX_SAFE_INTEGER
    expect(expectProblem(await send(node, id, most, 'x', { gap: true }), 'invalid_request').field).toBe('offset')
    expect((await send(node, id, most - 1, 'x', { gap: true })).status).toBe(200)
    await close(node, id, most)
    await complete(node, id)
    expect((await readAll(node, id, { query: { stream: 'stderr' } })).at(-1)).toMatchObject({
      data: { complete: true },
    })
  })

  test('a log cannot be closed at other sizes than it has', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    await send(node, id, 0, 'abc')
    const body = { hostId, stdout: 5, stderr: 0 }
    const answer = await node.call('closeLog', { params: { id, attempt: '1' }, body })
    expect(expectProblem(answer, 'log_gap').expectedOffset).toBe(3)
    expect(await close(node, id, 3)).toEqual({ copies: 1 })
    expect(await close(node, id, 3)).toEqual({ copies: 1 })
  })
})

describe('reading', () => {
  test('a reader that comes before the attempt gets its output as it comes, and the end', async () => {
    const node = await startTestCoordinator()
    const { job } = await node.ok('enqueueJob', { body: shellJob() })
    const events = read(node, job.id, follow)
    const first = next(events)
    await node.ok('registerHost', { body: { hostId, name: hostId, capabilities: ['shell'] } })
    await claim(node)
    expect(await first).toMatchObject({ event: 'attempt', id: '1.0.0', data: { attempt: 1, hostId } })
    await send(node, job.id, 0, 'one\n')
    expect(await next(events)).toMatchObject({
      event: 'chunk',
      id: '1.4.0',
      data: { offset: 0, bytes: 4, text: 'one\n' },
    })
    await send(node, job.id, 0, 'warn', { stream: 'stderr' })
    expect(await next(events)).toMatchObject({ id: '1.4.4', data: { stream: 'stderr', text: 'warn' } })
    await complete(node, job.id)
    await close(node, job.id, 4, 4)
    expect(await next(events)).toEqual({ event: 'end', id: '1.4.4', data: { status: 'completed', complete: true } })
    expect(await events.next()).toMatchObject({ done: true })
  })

  test('a character that came in two pieces is told in one', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    const bytes = Buffer.from('a€😀z')
    const events = read(node, id, follow)
    await next(events)
    const texts: (string | undefined)[] = []
    for (let offset = 0; offset < bytes.length; offset += 1) {
      await send(node, id, offset, bytes.subarray(offset, offset + 1))
    }
    while (texts.join('') !== 'a€😀z') texts.push(((await next(events)).data as { text?: string }).text)
    for (const text of texts) expect(text).not.toContain('\ufffd')
  })

  test('what is no text comes as base64, and the beginning of a character at the very end too', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    await send(node, id, 0, Uint8Array.from([0xff, 0x00, 0xe2, 0x82]))
    expect(chunksOf(await readAll(node, id)).map(({ base64 }) => base64)).toEqual(['/wA='])
    await close(node, id, 4)
    await complete(node, id)
    expect(chunksOf(await readAll(node, id)).map(({ base64 }) => base64)).toEqual(['/wA=', '4oI='])
  })

  test('a reader that lost its connection gets exactly the rest, whichever event was its last', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    await send(node, id, 0, 'x'.repeat(60_000))
    await send(node, id, 0, 'err', { stream: 'stderr' })
    await node.ok('completeJob', { params: { id }, body: failure })
    await send(node, id, 60_000, 'y'.repeat(60_000))
    await close(node, id, 120_000, 3)
    const all = await readAll(node, id)
    expect(textOf(all)).toHaveLength(120_000)
    for (const [index, { id: after }] of all.entries()) {
      if (all[index]!.event === 'end') continue
      const rest = await readAll(node, id, { after })
      expect(textOf(rest), after).toBe(textOf(all.slice(index + 1)))
      expect(rest.at(-1)).toEqual(all.at(-1))
      expect(rest.filter(({ event }) => event === 'attempt')).toEqual([])
    }
    // In the middle of a piece, too.
    const rest = await readAll(node, id, { after: place({ attempt: 1, stdout: 59_999, stderr: 1 }) })
    expect(textOf(rest)).toBe(`x${'y'.repeat(60_000)}`)
    expect(textOf(rest, 'stderr')).toBe('rr')
  })

  test('one attempt, or one stream, can be asked for alone', async () => {
    const node = await startTestCoordinator()
    const id = await retried(node)
    const all = await readAll(node, id)
    expect(all.flatMap(({ event, data }) => (event === 'attempt' ? [data.attempt] : []))).toEqual([1, 2])
    expect(chunksOf(all).map(({ text }) => text)).toEqual(['first', 'second'])
    const second = await readAll(node, id, { query: { attempt: '2', follow: '1' } })
    expect(chunksOf(second).map(({ text }) => text)).toEqual(['second'])
    const errors = await readAll(node, id, { query: { stream: 'stderr' } })
    expect(chunksOf(errors)).toEqual([])
    expect(chunksOf(errors, 'stderr').map(({ text }) => text)).toEqual(['e1', 'e2'])
    expectProblem(await node.call('readLogs', { params: { id }, query: { attempt: '3' } }), 'not_found')
  })

  test('when an attempt is lost and followed by another, its reader goes on with that one at once', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    await send(node, id, 0, 'first')
    const events = read(node, id, follow)
    await next(events)
    await next(events)
    const startedAt = performance.now()
    await node.ok('releaseJob', { params: { id }, body: { hostId, attempt: 1 } })
    await claim(node)
    expect(await next(events)).toMatchObject({ event: 'attempt', id: '2.0.0' })
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    await send(node, id, 0, 'second', { attempt: 2 })
    expect(await next(events)).toMatchObject({ event: 'chunk', id: '2.6.0', data: { text: 'second' } })
    await close(node, id, 6, 0, 2)
    await complete(node, id, { attempt: 2 })
    expect(await next(events)).toMatchObject({ event: 'end', id: '2.6.0', data: { complete: false } })
    expectProblem(
      await node.call('readLogs', { params: { id }, headers: { 'last-event-id': '3.0.0' } }),
      'invalid_request',
    )
  })

  test('output that never came as a log is told from the result', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    const events = readAll(node, id, follow)
    await complete(node, id, { stdout: 'all of it €', stderr: 'warn' })
    expect(textOf(await events)).toBe('all of it €')
    expect(textOf(await events, 'stderr')).toBe('warn')
    expect((await events).at(-1)).toMatchObject({ event: 'end', data: { status: 'completed', complete: true } })
    const rest = await readAll(node, id, { after: '1.4.4' })
    expect(textOf(rest)).toBe('')
  })

  test('without follow, what is there now is told, and that it is not all', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    await send(node, id, 0, 'so far')
    const events = await readAll(node, id)
    expect(textOf(events)).toBe('so far')
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { status: 'leased', complete: false } })
  })

  test('what was left out is left out, and what follows has its offset', async () => {
    const node = await startTestCoordinator({ maxLogBytes: 4_096 })
    const id = await beginJob(node)
    const text = Array.from({ length: 4_000 }, (_, index) => `${index}\n`).join('')
    await send(node, id, 0, text)
    await close(node, id, text.length)
    await complete(node, id)
    const chunks = chunksOf(await readAll(node, id, follow))
    for (const chunk of chunks) expect(chunk.text).toBe(text.slice(chunk.offset, chunk.offset + chunk.bytes))
    expect(chunks[0]).toMatchObject({ offset: 0, bytes: 2_048 })
    expect(chunks.at(-1)!.offset + chunks.at(-1)!.bytes).toBe(text.length)
    expect(chunks.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(4_096)
  })

  test('an unknown job, and a Last-Event-ID that is none, are refused before anything is told', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    expectProblem(await node.call('readLogs', { params: { id: 'no-job' } }), 'not_found')
    for (const wrong of ['x', '', '0.0.0', '1.0', '1.0.0.0', '1.9999999999999999.0', '-1.0.0']) {
      const answer = await node.call('readLogs', { params: { id }, headers: { 'last-event-id': wrong } })
      expect(expectProblem(answer, 'invalid_request').field).toBe('Last-Event-ID')
    }
  })

  test('more readers than may follow are refused, and one that leaves makes room', async () => {
    const node = await startTestCoordinator({ maxFollowers: 1 })
    const id = await beginJob(node)
    const events = read(node, id, follow)
    await next(events)
    expectProblem(await node.call('readLogs', { params: { id } }), 'too_busy')
    await events.return()
    await until('there to be room', async () => (await readAll(node, id)).length > 0)
  })

  test('the coordinator ends its streams when it closes, also for who does not read', async () => {
    const node = await startTestCoordinator()
    const id = await beginJob(node)
    const events = read(node, id, follow)
    await next(events)
    const path = `/v1/jobs/${id}/logs?follow=1`
    const idle = await fetch(`${node.running.url}${path}`, { headers: { 'x-skyclaw-token': token } })
    const closed = node.running.close()
    expect(await events.next()).toMatchObject({ done: true })
    await closed
    await idle.body?.cancel().catch(() => undefined)
  })
})

const failure = {
  ...{ hostId, attempt: 1, success: false, durationMs: 1, exitCode: 1, stdout: '', stderr: '' },
  usage: { truncated: true },
}

/** A job with two attempts, each with a log. */
async function retried(node: Awaited<ReturnType<typeof startTestCoordinator>>): Promise<string> {
  const id = await beginJob(node)
  await send(node, id, 0, 'first')
  await send(node, id, 0, 'e1', { stream: 'stderr' })
  await close(node, id, 5, 2)
  await node.ok('releaseJob', { params: { id }, body: { hostId, attempt: 1 } })
  await claim(node)
  await send(node, id, 0, 'second', { attempt: 2 })
  await send(node, id, 0, 'e2', { stream: 'stderr', attempt: 2 })
  await close(node, id, 6, 2, 2)
  await complete(node, id, { attempt: 2 })
  return id
}
