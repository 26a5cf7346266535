import { EventEmitter } from 'node:events'
import { type Job, problem } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { fakeCoordinator } from '../../test/fake-coordinator.ts'
import { runInProcess } from '../../test/fake-io.ts'
import { makeJob } from '../../test/job-fixture.ts'

/** What a coordinator answers to a question for a log that it does not know. */
const noLog = { status: 404, body: problem('not_found', 'there is no GET /v1/jobs/job-1/logs') }
const isLog = (path: string) => path.startsWith('/v1/jobs/job-1/logs')

const attempt = { attempt: 1, hostId: 'h', startedAt: '2026-11-22T10:00:00.000Z' }
const result = { finishedAt: '2026-11-22T10:00:01.000Z', durationMs: 5, stdout: 'out\n', stderr: 'err\n' }
const failed = makeJob({
  status: 'failed',
  error: 'exit code 7',
  result: { ...result, exitCode: 7 },
  attemptHistory: [{ ...attempt, outcome: 'failed' }],
})

test('run passes output and exit code of the job on, at the end where the coordinator has no logs', async () => {
  const { url } = await fakeCoordinator(({ method, path }) =>
    isLog(path) ? noLog : { body: { job: method === 'POST' ? makeJob() : failed } },
  )
  const run = await runInProcess(['run', '--url', url, '--', 'x'])
  expect(run).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' })
})

test('run says why a job ended that has no code of its own to say it', async () => {
  const lost = makeJob({ status: 'failed', error: 'its hosts were lost' })
  const { url } = await fakeCoordinator(({ method }) => ({ body: { job: method === 'POST' ? makeJob() : lost } }))
  const run = await runInProcess(['run', '--url', url, '--', 'x'])
  expect(run).toEqual({ code: 125, stdout: '', stderr: 'skyclaw: its hosts were lost\n' })
})

test('jobs wait does the same, and with --json prints the job', async () => {
  const { url } = await fakeCoordinator(() => ({ body: { job: failed } }))
  expect(await runInProcess(['jobs', 'wait', 'job-1', '--url', url])).toMatchObject({ code: 7, stdout: 'out\n' })
  const run = await runInProcess(['jobs', 'wait', 'job-1', '--json', '--url', url])
  expect(run).toMatchObject({ code: 7, stderr: '' })
  expect(JSON.parse(run.stdout)).toEqual({ job: failed })
})

test('the first Ctrl-C cancels the job, and run waits for that: 130', async () => {
  const signals = new EventEmitter()
  let current: Job = makeJob()
  const { url, asked } = await fakeCoordinator(async ({ path, method }) => {
    if (isLog(path)) return noLog
    if (path.endsWith('/cancel')) current = makeJob({ status: 'cancelled', cancelReason: 'said so' })
    else if (method === 'GET' && current.status === 'queued') signals.emit('SIGINT')
    return { body: { job: current } }
  })
  const run = await runInProcess(['run', '--url', url, 'x'], { signals })
  expect(run.code).toBe(130)
  expect(run.stderr).toContain('cancelled: said so')
  expect(asked.filter(({ path }) => path.endsWith('/cancel'))).toHaveLength(1)
  expect(signals.listenerCount('SIGINT')).toBe(0)
})

test('a cancellation that is answered later than the job has ended is no failure to cancel', async () => {
  const signals = new EventEmitter()
  let current: Job = makeJob()
  const { url } = await fakeCoordinator(async ({ path, method }) => {
    if (isLog(path)) return noLog
    if (path.endsWith('/cancel')) {
      current = makeJob({ status: 'cancelled' })
      return new Promise(() => {})
    }
    if (method === 'GET' && current.status === 'queued') signals.emit('SIGINT')
    return { body: { job: current } }
  })
  const run = await runInProcess(['run', '--url', url, 'x'], { signals })
  await new Promise(setImmediate)
  expect(run.code).toBe(130)
  expect(run.stderr).not.toContain('could not cancel')
})

test('when the job is lost sight of, run says how to look for it', async () => {
  const { url } = await fakeCoordinator(({ method }) =>
    method === 'POST' ? { body: { job: makeJob() } } : { status: 401, body: problem('unauthorized', 'no') },
  )
  const run = await runInProcess(['run', '--url', url, '--', 'x'])
  expect(run.code).toBe(125)
  expect(run.stderr).toMatch(/the job may still go on[^\n]*skyclaw jobs wait job-1\nskyclaw: [^\n]*SKYCLAW_TOKEN/)
})

test('the second Ctrl-C leaves the job to itself and says how to see the rest', async () => {
  const signals = new EventEmitter()
  const { url } = await fakeCoordinator(async ({ path, method }) => {
    if (method === 'GET' || path.endsWith('/cancel')) signals.emit('SIGINT')
    return { body: { job: makeJob({ status: 'leased', cancelRequestedAt: '2026-11-22T10:00:00.000Z' }) } }
  })
  const run = await runInProcess(['run', '--url', url, 'x'], { signals })
  expect(run.code).toBe(130)
  expect(run.stderr).toContain('skyclaw jobs logs -f job-1')
})

test.each(['run', 'enqueue-shell'])(
  'Ctrl-C while %s enqueues ends it and names the key to repeat with',
  async (command) => {
    const signals = new EventEmitter()
    const { url } = await fakeCoordinator(async () => {
      signals.emit('SIGINT')
      return new Promise(() => {})
    })
    const run = await runInProcess([command, '--url', url, 'x'], { signals })
    expect(run).toMatchObject({ code: 130, stdout: '' })
    expect(signals.listenerCount('SIGINT')).toBe(0)
    expect(run.stderr).toMatch(/repeated with --idempotency-key [\w-]+ it is enqueued once/)
  },
)

test('a coordinator that is away for a while does not end the wait', async () => {
  let questions = 0
  const { url } = await fakeCoordinator(() => {
    questions += 1
    const down = {
      type: '',
      title: '',
      status: 503,
      detail: 'later',
      code: 'shutting_down',
      retryable: true,
      error: '',
    }
    return questions < 4 ? { status: 503, body: down } : { body: { job: failed } }
  })
  const run = await runInProcess(['jobs', 'wait', 'job-1', '--url', url, '--request-timeout-ms', '100'])
  expect(run.code).toBe(7)
})
