import { type JobRecord, limits } from '@skyclaw/protocol'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, leaseMs, report, shellJob } from '../../test/services.ts'
import { giveWay } from '../core/lifecycle.ts'
import { heartbeat } from '../hosts/heartbeat.ts'
import { jobKey } from '../ledger/record-key.ts'
import { mergeSnapshot, readSnapshot } from '../ledger/snapshot.ts'
import { rescueJobs } from './rescue.ts'
import { pruneJobs } from './retention.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

let services: ReturnType<typeof createServices>
beforeEach(async () => {
  services = createServices(await ledgers.create())
})

const once = { max: 1, waitMs: 0 }

async function leaseOne(hostId = 'host-a') {
  const host = await services.registerHost(hostId)
  const { job } = await services.queue.enqueue({ ...shellJob, maxAttempts: 2 })
  const [leased] = await services.claims.claim(host, once)
  expect(leased?.id).toBe(job.id)
  return { host, id: job.id }
}

function beat(hostId: string, jobs?: { id: string; attempt: number }[]) {
  return heartbeat({ ...services, coordinators: () => [] }, hostId, jobs ? { jobs } : {})
}

test('a claim that waits gets the job the moment it is enqueued', async () => {
  const host = await services.registerHost('host-a')
  const waiting = services.claims.claim(host, { max: 1, waitMs: 60_000 })
  const { job } = await services.queue.enqueue(shellJob)
  expect((await waiting).map(({ id }) => id)).toEqual([job.id])
})

test('a claim repeated with its key finds its jobs again; another body under the key is refused', async () => {
  const host = await services.registerHost('host-a')
  await services.queue.enqueueBatch([shellJob, shellJob, shellJob])
  const claim = { key: 'a'.repeat(64), bodyHash: 'b'.repeat(64) }
  const first = await services.claims.claim(host, { max: 2, waitMs: 0, claim })
  const second = await services.claims.claim(host, { max: 2, waitMs: 0, claim })
  expect(first).toHaveLength(2)
  expect(second.map(({ id }) => id).toSorted()).toEqual(first.map(({ id }) => id).toSorted())
  const other = services.claims.claim(host, { max: 2, waitMs: 0, claim: { ...claim, bodyHash: 'c'.repeat(64) } })
  await expect(other).rejects.toMatchObject({ code: 'idempotency_mismatch' })
})

test('a retry is left to another live host for a while, and comes back to its own when none takes it', async () => {
  const { host, id } = await leaseOne()
  await services.queue.complete(id, report('host-a', 1, false))
  const other = await services.registerHost('host-b')
  services.clock.advance(2_000)
  services.hosts.sessions.hear('host-b', services.clock.monotonic())
  expect(await services.claims.claim(host, once)).toEqual([])
  services.clock.advance(3_000)
  expect(await services.claims.claim(host, once)).toHaveLength(1)
  expect(await services.claims.claim(other, once)).toEqual([])
})

test('a retry goes back to its host at once when no other live host can run it', async () => {
  const { host, id } = await leaseOne()
  await services.queue.complete(id, report('host-a', 1, false))
  await services.registerHost('host-b', ['openclaw'])
  services.clock.advance(2_000)
  expect(await services.claims.claim(host, once)).toHaveLength(1)
})

test('a job withheld from the host that was woken for it wakes another', async () => {
  const { host, id } = await leaseOne()
  const other = await services.registerHost('host-b')
  const own = services.claims.claim(host, { max: 1, waitMs: 60_000 })
  const others = services.claims.claim(other, { max: 1, waitMs: 60_000 })
  await services.queue.release(id, { hostId: 'host-a', attempt: 1 })
  expect((await others).map((job) => job.id)).toEqual([id])
  services.claims.close()
  expect(await own).toEqual([])
})

test('the leases of a host that is silent for longer than the lease time are taken from it, no earlier', async () => {
  const { id } = await leaseOne()
  services.clock.advance(leaseMs)
  expect(await rescueJobs(services)).toBe(0)
  services.clock.advance(1)
  expect(await rescueJobs(services)).toBe(1)
  expect(await services.queue.get(id)).toMatchObject({ status: 'queued', leaseLosses: 1 })
  expect(await rescueJobs(services)).toBe(0)
  expect(services.warnings).toEqual([
    [
      { jobId: id, hostId: 'host-a', attempt: 1, status: 'queued' },
      `lease lost: host host-a was not heard for ${leaseMs} ms`,
    ],
  ])
})

test('a heartbeat renews the leases of its host', async () => {
  const { id } = await leaseOne()
  services.clock.advance(leaseMs - 1)
  await beat('host-a')
  services.clock.advance(leaseMs)
  expect(await rescueJobs(services)).toBe(0)
  expect(await services.queue.get(id)).toMatchObject({ status: 'leased' })
})

test('a lease that the host does not list for longer than 10 s is released; a heartbeat without a list renews it', async () => {
  const { id } = await leaseOne()
  services.clock.advance(10_000)
  await beat('host-a', [])
  await beat('host-a')
  expect(await services.queue.get(id)).toMatchObject({ status: 'leased' })
  services.clock.advance(1)
  await beat('host-a', [])
  expect(await services.queue.get(id)).toMatchObject({ status: 'queued', leaseLosses: 1 })
})

test('a lease that the host has not listed yet is not released because a wall clock was set forward', async () => {
  const { id } = await leaseOne()
  services.clock.jump(3_600_000)
  await beat('host-a', [])
  expect(await services.queue.get(id)).toMatchObject({ status: 'leased' })
})

test('a heartbeat names every job to cancel, though the jobs of its host fill several pages', async () => {
  const host = await services.registerHost('host-a')
  const large = { payload: { ...shellJob.payload, stdin: 'x'.repeat(limits.stdinChars) } }
  const { job } = await services.queue.enqueue(shellJob)
  await services.queue.enqueueBatch(Array.from({ length: 10 }, () => large))
  expect(await services.claims.claim(host, { max: 100, waitMs: 0 })).toHaveLength(11)
  await services.queue.cancel(job.id)
  expect(await beat('host-a')).toMatchObject({ cancel: [{ id: job.id, attempt: 1 }] })
  services.clock.advance(leaseMs + 1)
  expect(await rescueJobs(services)).toBe(11)
})

test('a host that is only known from a restored record gets the chance to be heard before its lease is taken', async () => {
  const { id } = await leaseOne()
  const { records } = await readSnapshot(services.ledger, 10, undefined)
  const elsewhere = createServices(await ledgers.create())
  elsewhere.clock.advance(10 * leaseMs)
  expect(await mergeSnapshot(elsewhere.ledger, records, { restore: true })).toEqual({ changed: 2, adopted: 2 })
  elsewhere.clock.advance(leaseMs)
  expect(await rescueJobs(elsewhere)).toBe(0)
  elsewhere.clock.advance(1)
  expect(await rescueJobs(elsewhere)).toBe(1)
  expect(await elsewhere.queue.get(id)).toMatchObject({ status: 'queued' })
})

test('a snapshot is refused whole when a job in it could not go on by the state table or by its requirement', async () => {
  await services.queue.enqueue({ ...shellJob, requirement: { requiredCapabilities: ['gpu'] } })
  const { records } = await readSnapshot(services.ledger, 10, undefined)
  const [record] = records
  const job = record!.value as JobRecord
  const attemptHistory = Array.from({ length: limits.attemptsTotal }, (_, index) => ({
    attempt: index + 1,
    hostId: 'host-a',
    startedAt: 1,
    outcome: 'drained' as const,
  }))
  const hostile: Partial<JobRecord>[] = [
    { requirement: { requiredCapabilities: ['GPU '] } },
    { requirement: { requiredCapabilities: ['gpu'] } },
    { attempts: limits.attemptsTotal, attemptHistory },
    { leaseLosses: job.maxLeaseLosses + 1 },
  ]
  for (const change of hostile) {
    const merged = mergeSnapshot(services.ledger, [{ ...record!, value: { ...job, ...change } }])
    await expect(merged).rejects.toMatchObject({ code: 'invalid_request', problem: { field: 'records.0.value' } })
  }
})

test('a heartbeat says which jobs to cancel, and names as lost only what it knows to be', async () => {
  const { id } = await leaseOne()
  const held = { id, attempt: 1 }
  expect(await beat('host-a', [held, { id: 'unknown', attempt: 1 }])).toMatchObject({ cancel: [], lost: [], leaseMs })
  await services.queue.cancel(id)
  expect(await beat('host-a', [held])).toMatchObject({ cancel: [held], lost: [] })
  services.clock.advance(leaseMs + 1)
  await rescueJobs(services)
  expect(await beat('host-a', [held])).toMatchObject({ cancel: [], lost: [held] })
})

test('a lease lost but not yet leased anew is not named as lost, so that its work still counts', async () => {
  const { id } = await leaseOne()
  services.clock.advance(leaseMs + 1)
  await rescueJobs(services)
  expect(await beat('host-a', [{ id, attempt: 1 }])).toMatchObject({ lost: [] })
  expect(await services.queue.complete(id, report('host-a', 1, true))).toMatchObject({ status: 'completed' })
  expect(await beat('host-a', [{ id, attempt: 1 }])).toMatchObject({ lost: [] })
})

test('a report that comes after its lease was given to another host is refused and kept beside the job', async () => {
  const { id } = await leaseOne()
  services.clock.advance(leaseMs + 1)
  await rescueJobs(services)
  services.clock.advance(5_000)
  const other = await services.registerHost('host-b')
  await services.claims.claim(other, once)
  await services.queue.complete(id, report('host-b', 2, true))
  await expect(services.queue.complete(id, report('host-a', 1, true))).rejects.toMatchObject({ code: 'lease_lost' })
  const job = await services.queue.get(id)
  expect(job).toMatchObject({
    status: 'completed',
    attempts: 2,
    superseded: [{ attempt: 1, hostId: 'host-a', success: true }],
  })
  expect(job.attemptHistory.map(({ outcome }) => outcome)).toEqual(['superseded', 'completed'])
})

test('a host that was forgotten after a long silence is known again once it is heard', async () => {
  const { host, id } = await leaseOne()
  await services.registerHost('host-b')
  services.clock.advance(leaseMs)
  await beat('host-b')
  services.clock.advance(leaseMs)
  services.hosts.forget(leaseMs)
  const live = async () =>
    (await services.hosts.list({ limit: 10 })).hosts.filter((each) => each.live).map(({ id: name }) => name)
  expect(await live()).toEqual(['host-b'])
  expect(services.hosts.anotherCanRun({ requiredCapabilities: ['shell'] }, 'host-b')).toBe(false)
  await services.hosts.heardFrom('nobody')
  await services.hosts.heardFrom(host.id)
  expect((await live()).toSorted()).toEqual(['host-a', 'host-b'])
  expect(services.hosts.anotherCanRun({ requiredCapabilities: ['shell'] }, 'host-b')).toBe(true)
  expect(await rescueJobs(services)).toBe(0)
  expect(await services.queue.get(id)).toMatchObject({ status: 'leased' })
})

test('a job that ended is dropped after the retention, no earlier', async () => {
  const { job } = await services.queue.enqueue(shellJob)
  await services.queue.cancel(job.id)
  services.clock.advance(1_000)
  expect(await pruneJobs(services.ledger, services.clock, 1_000)).toBe(0)
  services.clock.advance(1)
  expect(await pruneJobs(services.ledger, services.clock, 1_000)).toBe(1)
  await expect(services.queue.get(job.id)).rejects.toMatchObject({ code: 'not_found' })
})

test('however many jobs are older than the retention, one round drops them all, or as many as there is time for', async () => {
  const results = await services.queue.enqueueBatch(Array.from({ length: 600 }, () => shellJob))
  await Promise.all(results.map(({ job }) => services.queue.cancel(job!.id)))
  services.clock.advance(1_001)
  expect(await pruneJobs(services.ledger, services.clock, 1_000, AbortSignal.abort())).toBe(0)
  expect(await pruneJobs(services.ledger, services.clock, 1_000)).toBe(600)
})

test('an idempotency key makes one job, alone or in a batch', async () => {
  const many = await Promise.all(Array.from({ length: 50 }, () => services.queue.enqueue(shellJob, 'key')))
  expect(new Set(many.map(({ job }) => job.id)).size).toBe(1)
  expect(many.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1)
  const [own, shared, wrong] = await services.queue.enqueueBatch(
    [{ ...shellJob, idempotencyKey: 'key' }, shellJob, { ...shellJob, priority: 1, idempotencyKey: 'key' }],
    'batch',
  )
  expect(own).toMatchObject({ deduplicated: true, job: { id: many[0]!.job.id } })
  expect(shared?.deduplicated).toBeUndefined()
  expect(wrong).toMatchObject({ problem: { code: 'idempotency_mismatch' } })
})

test('a cancel of a job that gives way in that moment cancels the one that stands', async () => {
  const { queue, ledger, clock } = services
  const [twin, standing] = [await queue.enqueue(shellJob), await queue.enqueue(shellJob)]
  const key = jobKey(twin.job.id)
  const before = await ledger.read(key)
  vi.spyOn(ledger, 'read').mockImplementationOnce(async () => {
    await ledger.change(key, (job) => giveWay(job!, { standingId: standing.job.id, now: clock.now() }))
    return before
  })
  const cancelled = await queue.cancel(twin.job.id)
  expect(cancelled).toMatchObject({ id: standing.job.id, status: 'cancelled', cancelRequestedAt: expect.anything() })
})
