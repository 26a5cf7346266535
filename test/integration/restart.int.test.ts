import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import { type CoordinatorProcess, coordinatorEntry, startCoordinator } from '../support/coordinator.ts'
import { enqueue, readJob } from '../support/enqueue.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'

const leaseMs = 1_000
const promptMs = 500

let entry: string
beforeAll(async () => {
  entry = await bundleEntry(coordinatorEntry, tempFolder())
})

async function startOne() {
  const folder = tempFolder()
  const start = () => startCoordinator({ folder, leaseMs, entry })
  const restart = async (coordinator: CoordinatorProcess) => {
    await coordinator.kill()
    return start()
  }
  return { coordinator: await start(), restart }
}

describe('a coordinator that was killed and starts again', () => {
  test('leaves its leases to a host that beats again within the lease time, and takes its report', async () => {
    const { coordinator, restart } = await startOne()
    const host = await RawHost.register(coordinator.http, 'patient')
    const { id } = await enqueue(coordinator.http)
    const leased = await host.claimOne(0)
    const { http } = await restart(coordinator)
    expect(await readJob(http, id)).toMatchObject({ status: 'leased', assignedHostId: 'patient', attempts: 1 })

    const back = host.at(http)
    // The first beat comes late; after the last one the old lease has long ended, and the job must be as it was.
    for (let beats = 0; beats < 4; beats += 1) {
      await pause(leaseMs * 0.4)
      expect(await back.beat([leased])).toMatchObject({ lost: [], cancel: [] })
    }
    expect(await readJob(http, id)).toMatchObject({ status: 'leased', attempts: 1, leaseLosses: 0 })
    const answer = await back.complete(leased)
    expect(answer).toMatchObject({ status: 200, body: { job: { status: 'completed', attempts: 1 } } })
  })

  test('takes the lease from a host that is not heard again, no earlier than one lease time after its start', async () => {
    const { coordinator, restart } = await startOne()
    const host = await RawHost.register(coordinator.http, 'gone')
    await enqueue(coordinator.http)
    await host.claimOne(0)
    const { http } = await restart(coordinator)
    const other = await RawHost.register(http, 'other')
    const job = await other.claimOne(leaseMs + 5_000)
    expect(job).toMatchObject({ attempts: 2, leaseLosses: 1, attemptHistory: [{ outcome: 'lease_lost' }, {}] })
    const { uptimeMs } = await http.must('readHealth')
    const lostAt = Date.parse(job.attemptHistory[0]?.finishedAt ?? '')
    expect(lostAt).toBeGreaterThanOrEqual(Date.now() - uptimeMs + leaseMs - 50)
  })

  test('starts a scheduled job at its time, and one whose time came while it was dead at once', async () => {
    const { coordinator, restart } = await startOne()
    const at = (fromNowMs: number) => new Date(Date.now() + fromNowMs).toISOString()
    const missed = await enqueue(coordinator.http, { runAt: at(200) })
    const later = await enqueue(coordinator.http, { runAt: at(2_000) })
    await coordinator.kill()
    while (Date.now() < Date.parse(missed.runAt)) await pause(10)
    const { http } = await restart(coordinator)
    const host = await RawHost.register(http, 'host')
    expect((await host.claimOne(promptMs)).id).toBe(missed.id)
    const dueAt = Math.max(Date.now(), Date.parse(later.runAt))
    expect((await host.claimOne(5_000)).id).toBe(later.id)
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(later.runAt))
    expect(Date.now() - dueAt).toBeLessThan(promptMs)
  })

  test('gives a claim that is sent again with its key the same job, and no other', async () => {
    const { coordinator, restart } = await startOne()
    const host = await RawHost.register(coordinator.http, 'host')
    const jobs = [await enqueue(coordinator.http), await enqueue(coordinator.http)]
    const request = { params: { id: host.id }, body: { max: 1 }, key: 'the-claim' }
    const first = await coordinator.http.must('claimJobs', request)
    const { http } = await restart(coordinator)
    const repeated = await http.must('claimJobs', request)
    expect([first, repeated].map(({ job }) => job && [job.id, job.attempts])).toEqual(
      Array.from({ length: 2 }, () => [jobs[0]?.id, 1]),
    )
  })
})
