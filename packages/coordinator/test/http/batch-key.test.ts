import { describe, expect, test } from 'vitest'
import { expectProblem } from './conformity.ts'
import { shellJob, startTestCoordinator } from './test-coordinator.ts'

describe('the key of a batch', () => {
  const other: [string, unknown[]][] = [
    ['fewer items', [shellJob('a')]],
    ['more items', [shellJob('a'), shellJob('b'), shellJob('c')]],
    ['another last item', [shellJob('a'), shellJob('c')]],
    ['an item with a key of its own in front', [{ ...shellJob('c'), idempotencyKey: 'own' }, shellJob('b')]],
  ]

  test.each(other)('with %s is refused as a whole, and makes no job', async (_, jobs) => {
    const coordinator = await startTestCoordinator()
    await coordinator.ok('enqueueBatch', { body: { jobs: [shellJob('a'), shellJob('b')] }, key: 'batch' })
    const answer = await coordinator.call('enqueueBatch', { body: { jobs }, key: 'batch' })
    expectProblem(answer, 'idempotency_mismatch')
    expect((await coordinator.ok('listJobs')).jobs).toHaveLength(2)
  })

  test('is known although the first item was refused', async () => {
    const coordinator = await startTestCoordinator()
    const wrong = { payload: { kind: 'openclaw-run', args: [], message: 'both' } }
    await coordinator.ok('enqueueBatch', { body: { jobs: [wrong, shellJob('a')] }, key: 'batch' })
    const answer = await coordinator.call('enqueueBatch', { body: { jobs: [wrong, shellJob('b')] }, key: 'batch' })
    expectProblem(answer, 'idempotency_mismatch')
  })
})
