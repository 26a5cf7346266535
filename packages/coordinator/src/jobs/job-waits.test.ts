import { afterAll, expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, shellJob } from '../../test/services.ts'
import { JobWaits } from './job-waits.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

async function waiting(maxWaiting: number) {
  const { ledger, queue } = createServices(await ledgers.create())
  const { job } = await queue.enqueue(shellJob)
  const waits = new JobWaits(ledger, maxWaiting)
  const wait = (waitMs: number, signal?: AbortSignal) => waits.wait(() => queue.record(job.id), waitMs, signal)
  return { queue, waits, wait, id: job.id }
}

test('callers that wait for a job are answered when it ends', async () => {
  const { queue, wait, id } = await waiting(10)
  const answers = Promise.all([wait(60_000), wait(60_000)])
  await queue.cancel(id)
  expect((await answers).map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
})

test('a wait ends with the job as it is when its time is up, its caller is gone, or the coordinator closes', async () => {
  const { waits, wait } = await waiting(10)
  expect(await wait(1)).toMatchObject({ status: 'queued' })
  const caller = new AbortController()
  const gone = wait(60_000, caller.signal)
  caller.abort()
  expect(await gone).toMatchObject({ status: 'queued' })
  const closed = wait(60_000)
  waits.close()
  expect(await closed).toMatchObject({ status: 'queued' })
})

test('one wait too many is refused as too_busy, and there is room again when one has ended', async () => {
  const { queue, wait, id } = await waiting(1)
  const caller = new AbortController()
  const first = wait(60_000, caller.signal)
  await expect(wait(60_000)).rejects.toMatchObject({ code: 'too_busy' })
  caller.abort()
  await first
  const second = wait(60_000)
  await queue.cancel(id)
  expect(await second).toMatchObject({ status: 'cancelled' })
})
