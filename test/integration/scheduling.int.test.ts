import type { NewJob } from '@skyclaw/protocol'
import { beforeAll, describe, expect, test } from 'vitest'
import { startCoordinator } from '../support/coordinator.ts'
import { enqueue, readJob } from '../support/enqueue.ts'
import type { Http } from '../support/http.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

/** A few milliseconds on an idle machine; this is for a busy one. */
const promptMs = 500

let http: Http
beforeAll(async () => {
  ;({ http } = await startCoordinator({ folder: tempFolder() }))
})

/** A host of the test's own, and jobs that no other host can run. */
async function startIdle(name: string) {
  const requirement = { requiredCapabilities: [name] }
  return {
    host: await RawHost.register(http, name, ['shell', name]),
    enqueueHere: (options: Partial<NewJob> = {}) => enqueue(http, { requirement, ...options }),
  }
}

describe('jobs and the hosts that wait for them', () => {
  test('a job starts at an idle host at once', async () => {
    const { host, enqueueHere } = await startIdle('prompt')
    for (let count = 0; count < 5; count += 1) {
      const claim = host.claimOne(10_000)
      await until('the claim to be on its way', () => [...http.unanswered].some(({ waits }) => waits))
      const enqueuedAt = performance.now()
      const { id } = await enqueueHere()
      expect((await claim).id).toBe(id)
      expect(performance.now() - enqueuedAt).toBeLessThan(promptMs)
    }
  })

  test('a scheduled job starts at its time, no earlier, and holds up no other', async () => {
    const { host, enqueueHere } = await startIdle('scheduled')
    const runAt = new Date(Date.now() + 700)
    const scheduled = await enqueueHere({ runAt: runAt.toISOString(), priority: 1_000 })
    const now = await enqueueHere()
    expect((await host.claim({ max: 10 })).map(({ id }) => id)).toEqual([now.id])
    expect((await host.claimOne(5_000)).id).toBe(scheduled.id)
    const lateMs = Date.now() - runAt.getTime()
    expect(lateMs).toBeGreaterThanOrEqual(0)
    expect(lateMs).toBeLessThan(promptMs)
  })

  test('what is urgent goes first, and of equals what came first', async () => {
    const { host, enqueueHere } = await startIdle('urgent')
    const priorities = [0, -5, 7, 0, 7, -1_000_000, 1_000_000]
    const ids: string[] = []
    for (const priority of priorities) ids.push((await enqueueHere({ priority })).id)
    const expected = [6, 2, 4, 0, 3, 1, 5].map((index) => ids[index])
    const first = await host.claim({ max: 4 })
    const rest = await host.claim({ max: 100 })
    expect([...first, ...rest].map(({ id }) => id)).toEqual(expected)
  })

  test('a job goes only to a host that has what it asks for', async () => {
    const { host } = await startIdle('plain')
    const gpu = await enqueue(http, { requirement: { requiredCapabilities: ['GPU '] } })
    expect(await host.claim()).toEqual([])
    const able = await RawHost.register(http, 'able', ['gpu', 'shell'])
    expect(await able.claim({ max: 5 })).toMatchObject([{ id: gpu.id }])
  })

  test('a job that fails is tried again after a back-off until its attempts are used up', async () => {
    const { host, enqueueHere } = await startIdle('retrying')
    const { id } = await enqueueHere({ maxAttempts: 2 })
    await host.complete(await host.claimOne(0), false)
    const waiting = await readJob(http, id)
    const backoffMs = Date.parse(waiting.runAt) - Date.parse(waiting.updatedAt)
    expect(waiting).toMatchObject({ status: 'queued', attempts: 1 })
    expect(backoffMs).toBeGreaterThanOrEqual(0)
    expect(backoffMs).toBeLessThan(2_000)

    const again = await host.claimOne(5_000)
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(waiting.runAt))
    await host.complete(again, false)
    const job = await readJob(http, id)
    expect(job).toMatchObject({ status: 'failed', attempts: 2, leaseLosses: 0, result: { exitCode: 1 } })
    expect(job.attemptHistory).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }])
  })
})
