import { expect, test } from 'vitest'
import { shellHost, shellJob, startTestCoordinator } from './test-coordinator.ts'

test('a claim that says it was tried before finds its job again, and one whose header is no count is refused', async () => {
  const coordinator = await startTestCoordinator()
  await coordinator.ok('registerHost', { body: shellHost('host-a') })
  await coordinator.ok('enqueueJob', { body: shellJob() })
  await coordinator.ok('enqueueJob', { body: shellJob() })
  const claim = { params: { id: 'host-a' }, body: {}, key: 'claim' }
  const first = await coordinator.ok('claimJobs', claim)
  const again = await coordinator.ok('claimJobs', { ...claim, headers: { 'skyclaw-retry': '1' } })
  expect(again.job?.id).toBe(first.job!.id)
  for (const count of ['x', '-1', '1.5', '1, 2', '99999999999']) {
    const { status, text } = await coordinator.call('claimJobs', { ...claim, headers: { 'skyclaw-retry': count } })
    expect([status, JSON.parse(text)]).toMatchObject([400, { code: 'invalid_request', field: 'skyclaw-retry' }])
  }
})
