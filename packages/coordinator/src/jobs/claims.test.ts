import type { NewJob } from '@skyclaw/protocol'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, report, shellJob } from '../../test/services.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

let harness: Awaited<ReturnType<typeof ledgers.create>>
let services: ReturnType<typeof createServices>
beforeEach(async () => {
  harness = await ledgers.create()
  services = createServices(harness)
})

const once = { max: 1, waitMs: 0 }
const waiting = { max: 1, waitMs: 60_000 }
const gpuJob: NewJob = { ...shellJob, requirement: { requiredCapabilities: ['gpu'] } }
const key = { key: 'a'.repeat(64), bodyHash: 'b'.repeat(64) }

const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id)

/** Does something in the very moment in which a job has been announced, before any claim has looked for it. */
function whenAnnounced(id: string, run: () => void): void {
  const stop = services.ledger.watchDue((job) => {
    if (job.id !== id) return
    stop()
    run()
  })
}

/** A job that is due in a moment, which is when it is announced. */
async function soonDue(input: NewJob = shellJob): Promise<string> {
  const runAt = new Date(services.clock.now() + 1_000).toISOString()
  return (await services.queue.enqueue({ ...input, runAt })).job.id
}

/** A job that has failed once at a host, and is due again in a second at the latest. */
async function failedOnce(hostId: string, input: NewJob = shellJob): Promise<string> {
  const { job } = await services.queue.enqueue({ ...input, maxAttempts: 2 })
  const host = await services.hosts.hear(hostId)
  expect(ids(await services.claims.claim(host, once))).toEqual([job.id])
  await services.queue.complete(job.id, report(hostId, 1, false))
  return job.id
}

test('a job whose claim took a better one goes to the next claim that waits', async () => {
  const versatile = services.claims.claim(await services.registerHost('a', ['shell', 'gpu']), waiting)
  const plain = services.claims.claim(await services.registerHost('b'), waiting)
  const job = await soonDue()
  let better: Promise<string> | undefined
  whenAnnounced(job, () => {
    better = services.queue.enqueue({ ...gpuJob, priority: 5 }).then((answer) => answer.job.id)
  })
  services.clock.advance(1_000)
  expect(ids(await versatile)).toEqual([await better])
  expect(ids(await plain)).toEqual([job])
})

test('a job whose claim was given up before it looked goes to the next claim that waits', async () => {
  const caller = new AbortController()
  const gone = services.claims.claim(await services.registerHost('a'), { ...waiting, signal: caller.signal })
  const next = services.claims.claim(await services.registerHost('b'), waiting)
  const job = await soonDue()
  whenAnnounced(job, () => caller.abort())
  services.clock.advance(1_000)
  expect(await gone).toEqual([])
  expect(ids(await next)).toEqual([job])
})

test('a job and the lease of the claim that waits for it are durable by one fsync, before either is told of', async () => {
  const claim = services.claims.claim(await services.registerHost('a'), { ...waiting, claim: key })
  await services.queue.enqueue({ ...gpuJob })
  const { store } = harness.node
  const told: string[] = []
  const sync = vi.spyOn(store, 'sync').mockImplementation(() => void told.push('durable'))
  services.ledger.watch((value) => void (value.kind === 'job' && told.push(value.status)))
  const { job } = await services.queue.enqueue(shellJob)
  expect(ids(await claim)).toEqual([job.id])
  expect(sync).toHaveBeenCalledOnce()
  expect(told).toEqual(['durable', 'queued', 'leased'])
})

test('a claim whose caller has gone before it began takes nothing', async () => {
  const host = await services.registerHost('a')
  const { job } = await services.queue.enqueue(shellJob)
  expect(await services.claims.claim(host, { ...waiting, signal: AbortSignal.abort() })).toEqual([])
  expect(await services.queue.get(job.id)).toMatchObject({ status: 'queued' })
})

test('a job withheld from a claim that takes another one goes to the next claim that waits', async () => {
  const host = await services.registerHost('a', ['shell', 'gpu'])
  const retry = await failedOnce('a')
  const own = services.claims.claim(host, waiting)
  const other = services.claims.claim(await services.registerHost('b'), waiting)
  let fresh: Promise<string> | undefined
  whenAnnounced(retry, () => {
    fresh = services.queue.enqueue(gpuJob).then((answer) => answer.job.id)
  })
  services.clock.advance(1_000)
  expect(ids(await own)).toEqual([await fresh])
  expect(ids(await other)).toEqual([retry])
})

test('claims of one host do not keep waking each other over a job that is withheld from all of them', async () => {
  const host = await services.registerHost('a')
  await services.registerHost('busy')
  await failedOnce('a')
  const looks = vi.spyOn(services.ledger, 'claim')
  const claims = [1, 2, 3].map(() => services.claims.claim(host, waiting))
  services.clock.advance(1_000)
  await services.queue.enqueue({ ...shellJob, runAt: new Date(services.clock.now() + 60_000).toISOString() })
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(looks.mock.calls.length).toBeLessThan(20)
  services.claims.close()
  expect(await Promise.all(claims)).toEqual([[], [], []])
})

test('jobs that are withheld, however many, do not hide one that is not', async () => {
  const host = await services.registerHost('a')
  const jobs = await services.queue.enqueueBatch(Array.from({ length: 60 }, () => ({ ...shellJob, maxAttempts: 2 })))
  await services.claims.claim(host, { max: 100, waitMs: 0 })
  await Promise.all(jobs.map(({ job }) => services.queue.complete(job!.id, report('a', 1, false))))
  await services.registerHost('busy')
  services.clock.advance(1_000)
  const { job } = await services.queue.enqueue({ ...shellJob, priority: -1 })
  expect(ids(await services.claims.claim(host, once))).toEqual([job.id])
})

test('a claim repeated while the first still waits gets the same job, though two come at once', async () => {
  const host = await services.registerHost('a')
  const request = { ...waiting, claim: key }
  const first = services.claims.claim(host, request)
  const repeat = services.claims.claim(host, request)
  const other = services.claims.claim(host, { ...request, claim: { ...key, bodyHash: 'c'.repeat(64) } })
  await expect(other).rejects.toMatchObject({ code: 'idempotency_mismatch' })
  await services.queue.enqueueBatch([shellJob, shellJob])
  expect(ids(await repeat)).toEqual(ids(await first))
  expect(services.ledger.counts().jobs).toMatchObject({ queued: 1, leased: 1 })
})

test('a claim repeated because its connection broke waits on when the first has ended with nothing', async () => {
  const host = await services.registerHost('a')
  const caller = new AbortController()
  const first = services.claims.claim(host, { ...waiting, claim: key, signal: caller.signal })
  const repeat = services.claims.claim(host, { ...waiting, claim: key })
  caller.abort()
  expect(await first).toEqual([])
  const { job } = await services.queue.enqueue(shellJob)
  expect(ids(await repeat)).toEqual([job.id])
})

test('a claim that waits goes by what its host offers now', async () => {
  const claim = services.claims.claim(await services.registerHost('a'), waiting)
  const { job: gpu } = await services.queue.enqueue(gpuJob)
  await services.registerHost('a', ['gpu'])
  const { job: shell } = await services.queue.enqueue(shellJob)
  await services.registerHost('a', ['gpu', 'shell'])
  const [taken] = await claim
  expect([gpu.id, shell.id]).toContain(taken?.id)
})

test('a claim that waits takes no job that its host has ceased to offer', async () => {
  const claim = services.claims.claim(await services.registerHost('a'), waiting)
  await services.registerHost('a', ['openclaw'])
  const { job } = await services.queue.enqueue(shellJob)
  await new Promise((resolve) => setImmediate(resolve))
  services.claims.close()
  expect(await claim).toEqual([])
  expect(await services.queue.get(job.id)).toMatchObject({ status: 'queued' })
})

test('a job that was due when it was enqueued stays due when the wall clock is set back', async () => {
  const host = await services.registerHost('a')
  const { job } = await services.queue.enqueue(shellJob)
  services.clock.jump(-3_600_000)
  expect(ids(await services.claims.claim(host, once))).toEqual([job.id])
})

test('a scheduled job whose time came before the wall clock was set back is not lost to those who wait', async () => {
  const host = await services.registerHost('a')
  const id = await soonDue()
  services.clock.advance(1_000)
  whenAnnounced(id, () => services.clock.jump(-100))
  const claim = services.claims.claim(host, { max: 1, waitMs: 5_000 })
  await new Promise((resolve) => setImmediate(resolve))
  services.clock.advance(100)
  expect(ids(await claim)).toEqual([id])
})

test('a host that is paused or drained is given nothing until it is resumed, and its claims do not wait', async () => {
  const host = await services.registerHost('a')
  for (const change of ['pause', 'drain'] as const) {
    const claim = services.claims.claim(host, waiting)
    await services.hosts[change]('a')
    expect(await claim).toEqual([])
    const { job } = await services.queue.enqueue(shellJob)
    expect(await services.claims.claim(host, waiting)).toEqual([])
    expect(await services.queue.get(job.id)).toMatchObject({ status: 'queued', attempts: 0 })
    await services.hosts.resume('a')
    expect(ids(await services.claims.claim(host, waiting))).toEqual([job.id])
  }
})

test('a paused host finds the jobs of a claim that it repeats', async () => {
  const host = await services.registerHost('a')
  await services.queue.enqueue(shellJob)
  const first = await services.claims.claim(host, { ...once, claim: key })
  await services.hosts.pause('a')
  expect(ids(await services.claims.claim(host, { ...once, claim: key }))).toEqual(ids(first))
})

test('a retry is not left to a host that is paused', async () => {
  const host = await services.registerHost('a')
  await services.registerHost('b')
  await services.hosts.pause('b')
  const id = await failedOnce('a')
  services.clock.advance(2_000)
  services.hosts.sessions.hear('b', services.clock.monotonic())
  expect(ids(await services.claims.claim(host, once))).toEqual([id])
})
