import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type CoordinatorProcess, startCoordinator } from '../support/coordinator.ts'
import { enqueue, readJob } from '../support/enqueue.ts'
import { startHost } from '../support/host.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

const leaseMs = 1_000

/** The back-off after one lost lease is below 2 s; the rest is for looking, and for a slow machine. */
const rescueMs = leaseMs + 5_000

let coordinator: CoordinatorProcess
beforeAll(async () => {
  coordinator = await startCoordinator({ folder: tempFolder(), leaseMs })
})

describe('a host that is lost', () => {
  test('and was killed at work: another host finishes its job', { timeout: 40_000 }, async () => {
    const folder = tempFolder()
    const { url, http } = coordinator
    const host = (name: string) => startHost({ folder, coordinatorUrl: url, name, allowedCommands: ['sh'] })
    const first = await host('first')
    const marker = join(folder, 'at-work')
    // The first try works on, as if for ever; the second one finds its mark and ends at once.
    const script = `[ -e ${marker} ] && exec echo rescued; touch ${marker}; exec sleep 8`
    const { id } = await enqueue(http, { payload: { kind: 'shell', command: 'sh', args: ['-c', script] } })
    await until('the job to be at work', () => existsSync(marker))
    const second = await host('second')

    const killedAt = Date.now()
    await first.kill()
    const { job } = await http.must('getJob', { params: { id }, query: { waitMs: rescueMs } })
    expect(job).toMatchObject({ status: 'completed', leaseLosses: 1, result: { exitCode: 0, stdout: 'rescued\n' } })
    expect(job.attemptHistory).toMatchObject([
      { hostId: first.id, outcome: 'lease_lost' },
      { hostId: second.id, outcome: 'completed' },
    ])
    expect(Date.parse(job.attemptHistory[1]?.startedAt ?? '') - killedAt).toBeLessThan(rescueMs)
  })

  test('and stands still with an open claim: a job goes to another one at once, and costs no lease', async () => {
    const folder = tempFolder()
    const { url, http } = coordinator
    const host = (name: string) => startHost({ folder, coordinatorUrl: url, name, allowedCommands: ['true'] })
    const still = await host('still')
    process.kill(still.pid, 'SIGSTOP')
    const isLive = async (id: string) => (await http.must('getHost', { params: { id } })).host.live
    await until('the host to have been silent for long', async () => !(await isLive(still.id)))
    const other = await host('other')
    const { id } = await enqueue(http, { payload: { kind: 'shell', command: 'true' } })
    const { job } = await http.must('getJob', { params: { id }, query: { waitMs: rescueMs } })
    expect(job).toMatchObject({ status: 'completed', attempts: 1, leaseLosses: 0 })
    expect(job.attemptHistory).toMatchObject([{ hostId: other.id, outcome: 'completed' }])
  })

  test('and fell silent: its job goes to the host that waits, and what it reports later is refused and kept', async () => {
    const { http } = coordinator
    const silent = await RawHost.register(http, 'silent')
    const { id } = await enqueue(http)
    const lost = await silent.claimOne(0)
    const silentSince = performance.now()

    const waiting = await RawHost.register(http, 'waiting')
    const rescued = await waiting.claimOne(rescueMs)
    const tookMs = performance.now() - silentSince
    expect(tookMs).toBeGreaterThan(leaseMs - 100)
    expect(tookMs).toBeLessThan(rescueMs)
    expect(rescued).toMatchObject({ id, attempts: 2, assignedHostId: 'waiting' })

    const told = await silent.beat([lost])
    expect(told.lost).toEqual([{ id, attempt: 1 }])
    expect(await silent.complete(lost)).toMatchObject({ status: 409, body: { code: 'lease_lost' } })
    expect(await waiting.complete(rescued)).toMatchObject({ status: 200, body: { job: { status: 'completed' } } })
    const job = await readJob(http, id)
    expect(job).toMatchObject({ result: { stdout: 'by waiting' }, superseded: [{ attempt: 1, hostId: 'silent' }] })
  })

  test('costs its job one of the losses it may have, none of its attempts; the next loss fails it', async () => {
    const { http } = coordinator
    const { id } = await enqueue(http, { maxAttempts: 1, maxLeaseLosses: 1 })
    for (const name of ['first', 'second']) {
      const host = await RawHost.register(http, name)
      expect(await host.claimOne(rescueMs)).toMatchObject({ id })
    }
    const { job } = await http.must('getJob', { params: { id }, query: { waitMs: rescueMs } })
    expect(job).toMatchObject({ status: 'failed', attempts: 2, leaseLosses: 2 })
    expect(job.error).toContain('lease_lost')
  })
  test('while its claim waits is given no job: the next host that waits has it, as its first attempt', async () => {
    const { http } = coordinator
    const asleep = await RawHost.register(http, 'asleep')
    const claim = asleep.claim({ waitMs: 20_000 })
    await until('the host to be lost', async () => {
      const { hosts } = await http.must('listHosts', { query: { limit: 100 } })
      return hosts.some(({ id, live }) => id === asleep.id && !live)
    })
    const awake = await RawHost.register(http, 'awake')
    const waiting = awake.claimOne(5_000)
    await until('both claims to wait', () => [...http.unanswered].filter(({ waits }) => waits).length === 2)
    const { id } = await enqueue(http, { maxLeaseLosses: 0 })
    expect(await waiting).toMatchObject({ id, attempts: 1, assignedHostId: 'awake' })
    expect(await claim).toEqual([])
  })
})
