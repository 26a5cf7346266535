import { EventEmitter } from 'node:events'
import { type Job, problem } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { fakeCoordinator } from '../../test/fake-coordinator.ts'
import { runInProcess } from '../../test/fake-io.ts'
import { makeJob } from '../../test/job-fixture.ts'
import { LogFixture } from '../../test/log-fixture.ts'

const attempt = { attempt: 1, hostId: 'h', startedAt: '2026-11-22T10:00:00.000Z', outcome: 'completed' } as const
const result = { finishedAt: '2026-11-22T10:00:01.000Z', durationMs: 5, exitCode: 0, stdout: '', stderr: '' }
const completed = (fields: Partial<Job['result']> = {}): Job =>
  makeJob({ status: 'completed', result: { ...result, ...fields }, attemptHistory: [attempt] })

/** A coordinator with one job, of which the log is told by `events`, and which then is `job`. */
function withLog(events: () => Iterable<string> | AsyncIterable<string>, job = completed()) {
  return fakeCoordinator(({ method, path }) => {
    if (path.startsWith('/v1/jobs/job-1/logs')) return { events: events() }
    return { body: { job: method === 'POST' ? makeJob() : job } }
  })
}

test('run shows output before the job has ended, both streams apart, and exits with its code', async () => {
  const seen = Promise.withResolvers<void>()
  const log = new LogFixture()
  async function* events() {
    yield log.attempt() + log.piece('stdout', 'first\n')
    await seen.promise
    yield log.piece('stderr', 'grüße\n') + log.piece('stdout', 'last') + log.end('failed')
  }
  const failed = makeJob({
    status: 'failed',
    error: 'exit code 7',
    result: { ...result, exitCode: 7, stdout: 'first' },
  })
  const { url, asked } = await withLog(events, { ...failed, attemptHistory: [{ ...attempt, outcome: 'failed' }] })
  const heard = (text: string) => void (text === 'first\n' && seen.resolve())
  const run = await runInProcess(['run', '--url', url, '--', 'x'], { heard })
  expect(run).toEqual({ code: 7, stdout: 'first\nlast', stderr: 'grüße\n' })
  expect(asked.map(({ path }) => path)).toContain('/v1/jobs/job-1/logs?follow=1')
})

test('it says when another try begins, what was left out, each in a line of its own', async () => {
  const log = new LogFixture()
  function* events() {
    yield log.attempt() + log.piece('stderr', 'cut off')
    yield log.attempt('attic') + log.piece('stdout', 'head\n')
    log.skip('stdout', 1_234_567)
    yield log.piece('stdout', 'tail\n') + log.end()
  }
  const { url } = await withLog(events)
  expect(await runInProcess(['jobs', 'logs', '-f', 'job-1', '--url', url])).toEqual({
    code: 0,
    stdout: 'head\ntail\n',
    stderr: 'cut off\nskyclaw: try 2 on host attic\nskyclaw: 1.2 MB of stdout left out\n',
  })
})

test('when a log that was shown in part is gone, the result tells the rest, each byte once', async () => {
  const text = 'grüße\nan alle\n'
  const usage = { stdoutBytes: Buffer.byteLength(text), stderrBytes: 0 }
  let asked = 0
  const { url } = await fakeCoordinator(({ method, path }) => {
    if (!path.startsWith('/v1/jobs/job-1/logs')) {
      return { body: { job: method === 'POST' ? makeJob() : completed({ stdout: text, usage }) } }
    }
    const log = new LogFixture()
    asked += 1
    if (asked > 1) return { status: 404, body: problem('not_found', 'there is no log') }
    return { events: [log.attempt(), log.piece('stdout', 'grüße\n')] }
  })
  expect(await runInProcess(['run', '--url', url, 'x'])).toEqual({ code: 0, stdout: text, stderr: '' })
})

test('when the end of the output cannot be had, run and jobs logs say so', async () => {
  const events = () => {
    const log = new LogFixture()
    return [log.attempt(), log.piece('stdout', 'a'), log.end('completed', false)]
  }
  const { url } = await withLog(events, completed({ stdout: 'a...cut...z' }))
  const run = await runInProcess(['run', '--url', url, 'x'])
  expect(run).toMatchObject({ code: 0, stdout: 'a' })
  expect(run.stderr).toContain('the end of the output could not be had; look for it with: skyclaw jobs show job-1\n')
  const logs = await runInProcess(['jobs', 'logs', 'job-1', '--url', url])
  expect(logs).toEqual({ code: 0, stdout: 'a', stderr: 'skyclaw: the end of the output could not be had\n' })
})

test('of a job that runs, jobs logs prints what there is, and misses no end', async () => {
  const events = () => {
    const log = new LogFixture()
    return [log.attempt(), log.piece('stdout', 'a'), log.end('leased', false)]
  }
  const { url } = await withLog(events, makeJob({ status: 'leased' }))
  expect(await runInProcess(['jobs', 'logs', 'job-1', '--url', url])).toEqual({ code: 0, stdout: 'a', stderr: '' })
})

test('after the first Ctrl-C output goes on until the job has ended, and the second one leaves it', async () => {
  for (const detaches of [false, true]) {
    const signals = new EventEmitter()
    const cancelled = Promise.withResolvers<void>()
    async function* events() {
      const log = new LogFixture()
      yield log.attempt() + log.piece('stdout', 'works\n')
      signals.emit('SIGINT')
      await cancelled.promise
      if (detaches) signals.emit('SIGINT')
      else yield log.piece('stdout', 'cleaned up\n') + log.end('cancelled')
    }
    const { url, asked } = await fakeCoordinator(({ method, path }) => {
      if (path.includes('/logs')) return { events: events() }
      if (path.endsWith('/cancel')) cancelled.resolve()
      return { body: { job: makeJob(method === 'GET' ? { status: 'cancelled' } : {}) } }
    })
    const run = await runInProcess(['run', '--url', url, 'x'], { signals })
    expect(run).toMatchObject({ code: 130, stdout: detaches ? 'works\n' : 'works\ncleaned up\n' })
    expect(run.stderr.includes('skyclaw jobs logs -f job-1')).toBe(detaches)
    expect(asked.filter(({ path }) => path.endsWith('/cancel'))).toHaveLength(1)
    expect(signals.listenerCount('SIGINT')).toBe(0)
  }
})

test('jobs logs asks for a try and a stream, and prints lines of JSON', async () => {
  const log = new LogFixture()
  const pieces = [log.attempt(), log.piece('stderr', 'grüße\n'), log.piece('stderr', Buffer.from([0xff, 0])), log.end()]
  const { url, asked } = await withLog(() => pieces)
  const words = ['jobs', 'logs', 'job-1', '--attempt', '1', '--stream', 'stderr', '--json', '--url', url]
  const { code, stdout, stderr } = await runInProcess(words)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toEqual([
    { attempt: 1, stream: 'stderr', offset: 0, bytes: 8, text: 'grüße\n' },
    { attempt: 1, stream: 'stderr', offset: 8, bytes: 2, base64: '/wA=' },
  ])
  expect(asked[0]?.path).toBe('/v1/jobs/job-1/logs?attempt=1&stream=stderr')
})

test('jobs logs of a job that does not exist is a failure of one line', async () => {
  const { url } = await fakeCoordinator(() => ({ status: 404, body: problem('not_found', 'there is no job job-1') }))
  const run = await runInProcess(['jobs', 'logs', 'job-1', '--url', url])
  expect(run).toMatchObject({ code: 1, stdout: '' })
  expect(run.stderr).toMatch(/^skyclaw: there is no job job-1; [^\n]*jobs list[^\n]*\n$/)
})
