import { expect, test } from 'vitest'
import { fakeCoordinator } from '../../../test/fake-coordinator.ts'
import { runInProcess } from '../../../test/fake-io.ts'
import { makeJob } from '../../../test/job-fixture.ts'

test('jobs retry prints the id of the new job only, and takes a key', async () => {
  const { url, asked } = await fakeCoordinator(() => ({ body: { job: makeJob({ id: 'job-2', retryOf: 'job-1' }) } }))
  const run = await runInProcess(['jobs', 'retry', 'job-1', '--idempotency-key', 'k', '--url', url])
  expect(run).toEqual({ code: 0, stdout: 'job-2\n', stderr: '' })
  expect(asked[0]).toMatchObject({ path: '/v1/jobs/job-1/retry', headers: { 'x-idempotency-key': 'k' } })
})

test('jobs explain prints the sentence, and what keeps each host from the job', async () => {
  const summary = 'It waits for a host: no host has the capability gpu.'
  const hosts = [
    { hostId: 'h1', name: 'attic', reason: 'lacks the capability gpu' },
    { hostId: 'h2', name: 'cellar' },
  ]
  const { url } = await fakeCoordinator(() => ({ body: { job: makeJob(), summary, hosts } }))
  const { stdout } = await runInProcess(['jobs', 'explain', 'job-1', '--url', url])
  expect(stdout).toBe(
    [
      summary,
      '',
      'HOST  NAME    WHY NOT',
      'h1    attic   lacks the capability gpu',
      'h2    cellar  nothing keeps it from there',
      '',
    ].join('\n'),
  )
})
