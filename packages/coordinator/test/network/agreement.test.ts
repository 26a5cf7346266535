import { expect, test } from 'vitest'
import { report, shellHost, shellJob } from '../http/test-coordinator.ts'
import { Cluster } from './cluster.ts'

test('what is enqueued at one coordinator is found, claimed and completed at others, and all know the same in the end', async () => {
  const cluster = await Cluster.start(3)
  const [a, b, c] = [cluster.node(0), cluster.node(1), cluster.node(2)]
  await a.ok('registerHost', { body: shellHost('h1') })
  const { job, durability } = await b.ok('enqueueJob', { body: shellJob() })
  expect(durability).toEqual({ replicas: 3, minimum: 2, standalone: false })
  expect((await c.ok('getJob', { params: { id: job.id } })).job.status).toBe('queued')
  const claimed = await c.ok('claimJobs', { params: { id: 'h1' }, body: { waitMs: 2_000 } })
  expect(claimed.job?.id).toBe(job.id)
  const done = await a.ok('completeJob', { params: { id: job.id }, body: report('h1') })
  expect(done.job.status).toBe('completed')
  await cluster.agreed()
  for (const node of [a, b, c])
    expect((await node.ok('getJob', { params: { id: job.id } })).job.status).toBe('completed')
})
