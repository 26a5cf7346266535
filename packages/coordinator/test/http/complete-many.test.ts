import { limits } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { expectProblem } from './conformity.ts'
import { report, shellHost, shellJob, startTestCoordinator, type TestCoordinator } from './test-coordinator.ts'

async function leased(coordinator: TestCoordinator, count: number): Promise<string[]> {
  await coordinator.ok('registerHost', { body: { ...shellHost('h1'), maxParallel: count } })
  await coordinator.ok('enqueueBatch', { body: { jobs: Array.from({ length: count }, () => shellJob()) } })
  const { jobs = [] } = await coordinator.ok('claimJobs', { params: { id: 'h1' }, body: { max: count } })
  return jobs.map(({ id }) => id)
}

test('many reports are recorded at once, in their order, and what is wrong with one harms no other', async () => {
  const coordinator = await startTestCoordinator()
  const [first = '', second = '', third = ''] = await leased(coordinator, 3)
  const reports = [
    { id: first, ...report('h1') },
    { id: 'nobody', ...report('h1') },
    { id: second, ...report('another') },
    { id: third, ...report('h1'), success: false, exitCode: 3, stdout: 'broke' },
  ]
  const { results } = await coordinator.ok('completeJobs', { body: { reports } })
  expect(results.map(({ status, problem }) => status ?? problem?.code)).toEqual([
    'completed',
    'not_found',
    'lease_lost',
    'failed',
  ])
  const { job } = await coordinator.ok('getJob', { params: { id: third } })
  expect(job).toMatchObject({ status: 'failed', result: { exitCode: 3, stdout: 'broke' } })
  expect(await coordinator.ok('getJob', { params: { id: second } })).toMatchObject({ job: { status: 'leased' } })
})

test('a repeat changes nothing more, in one request or in two', async () => {
  const coordinator = await startTestCoordinator()
  const [id = ''] = await leased(coordinator, 1)
  const reports = [
    { id, ...report('h1') },
    { id, ...report('h1') },
  ]
  const first = await coordinator.ok('completeJobs', { body: { reports } })
  expect(first.results).toEqual([{ status: 'completed' }, { status: 'completed' }])
  const { job } = await coordinator.ok('getJob', { params: { id } })
  expect(await coordinator.ok('completeJobs', { body: { reports } })).toEqual(first)
  await coordinator.ok('completeJob', { params: { id }, body: report('h1') })
  expect((await coordinator.ok('getJob', { params: { id } })).job).toEqual(job)
})

test('no reports, or too many, are refused as a whole', async () => {
  const coordinator = await startTestCoordinator()
  const [id = ''] = await leased(coordinator, 1)
  const many = Array.from({ length: limits.completeReports + 1 }, () => ({ id, ...report('h1') }))
  for (const reports of [[], many]) {
    expectProblem(await coordinator.call('completeJobs', { body: { reports } }), 'invalid_request')
  }
  expect(await coordinator.ok('getJob', { params: { id } })).toMatchObject({ job: { status: 'leased' } })
})
