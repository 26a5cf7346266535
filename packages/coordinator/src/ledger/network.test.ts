import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, leaseMs, report, shellJob } from '../../test/services.ts'
import { useThreeServices } from '../../test/three-services.ts'
import { rescueJobs } from '../jobs/rescue.ts'
import { jobKey } from './record-key.ts'
import { mergeSnapshot, readSnapshot } from './snapshot.ts'

const three = useThreeServices()

const waiting = { max: 1, waitMs: 10_000 }
const once = { max: 1, waitMs: 0 }
const key = { key: 'a'.repeat(64), bodyHash: 'b'.repeat(64) }
const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id)

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 8_000; !(await holds());) {
    if (performance.now() > deadline) expect.fail(`waited in vain for ${what}`)
    await sleep(5)
  }
}

/** Waits until all coordinators know as many queued jobs. */
async function allQueued(count: number): Promise<void> {
  await eventually('the jobs to be known', () =>
    three.services.every(({ ledger }) => ledger.counts().jobs.queued === count),
  )
}

test('a job goes to a host that waits at another coordinator, when nobody waits where it was enqueued', async () => {
  const [here, , there] = three.services
  const claim = there.claims.claim(await there.registerHost('host-a'), waiting)
  const { job } = await here.queue.enqueue(shellJob)
  expect(ids(await claim)).toEqual([job.id])
  await eventually('the lease to be known', () => here.ledger.counts().jobs.leased === 1)
})

test('coordinators whose hosts claim the same jobs at once lease each job once, and all of them', async () => {
  const jobs = 120
  for (const { queue } of three.services) await queue.enqueueBatch(Array.from({ length: jobs / 3 }, () => shellJob))
  await allQueued(jobs)
  const taken: string[] = []
  await Promise.all(
    three.services.flatMap((each, at) =>
      [1, 2, 3, 4].map(async (count) => {
        const host = await each.registerHost(`host-${at}-${count}`)
        while (each.ledger.counts().jobs.queued > 0)
          taken.push(...ids(await each.claims.claim(host, { ...once, max: 2 })))
      }),
    ),
  )
  expect(new Set(taken).size).toBe(jobs)
  expect(taken).toHaveLength(jobs)
})

test('a claim that waits stays while no quorum answers, and has its job when one does again', async () => {
  const [here, ...others] = three.services
  const host = await here.registerHost('host-a')
  const { job } = await here.queue.enqueue(shellJob)
  three.harness.network.cut(...three.harness.nodes)
  expect(await here.claims.claim(host, once)).toEqual([])
  const claim = here.claims.claim(host, waiting)
  await sleep(50)
  three.harness.network.heal()
  expect(ids(await claim)).toEqual([job.id])
  await eventually('the lease to be known', () => others.every(({ ledger }) => ledger.counts().jobs.leased === 1))
})

test('a claim repeated at another coordinator finds its jobs there, though that one had not heard of them', async () => {
  const [here, there] = three.services
  const host = await here.registerHost('host-a')
  const { job } = await here.queue.enqueue(shellJob)
  const deaf = there.ledger
  three.harness.network.loses = (to) => to === three.harness.nodes[1]!.instance
  expect(ids(await here.claims.claim(host, { ...once, claim: key }))).toEqual([job.id])
  three.harness.network.loses = () => false
  expect(deaf.counts().jobs.leased).toBe(0)
  const other = await there.queue.enqueue({ ...shellJob, priority: 5 })
  await there.hosts.hear('host-a')
  const repeat = await there.claims.claim(host, { ...once, claim: key, retried: true })
  expect(ids(repeat)).toEqual([job.id])
  expect(await there.queue.get(other.job.id)).toMatchObject({ status: 'queued' })
  const changed = there.claims.claim(host, { ...once, claim: { ...key, bodyHash: 'c'.repeat(64) }, retried: true })
  await expect(changed).rejects.toMatchObject({ code: 'idempotency_mismatch' })
})

test('a claim repeated at another coordinator while the first still waits gets the job that the first is given', async () => {
  const [here, there] = three.services
  const host = await here.registerHost('host-a')
  await there.hosts.hear('host-a')
  const first = here.claims.claim(host, { ...waiting, claim: key })
  const repeat = there.claims.claim(host, { ...waiting, claim: key, retried: true })
  const { job } = await here.queue.enqueue(shellJob)
  expect(ids(await first)).toEqual([job.id])
  expect(ids(await repeat)).toEqual([job.id])
})

/** Two coordinators that take a job each under one claim, of which neither knows of the other's. */
async function takenTwice() {
  const [here, there] = three.services
  const host = await here.registerHost('host-a')
  await there.hosts.hear('host-a')
  const due = new Set<unknown>()
  there.ledger.watchDue(({ id }) => due.add(id))
  const first = await here.queue.enqueue({ ...shellJob, priority: 1 })
  const second = await here.queue.enqueue(shellJob)
  await eventually('both to be for others too', () => due.size === 2)
  three.harness.network.loses = (to) => to === three.harness.nodes[1]!.instance
  expect(ids(await here.claims.claim(host, { ...once, claim: key }))).toEqual([first.job.id])
  three.harness.network.loses = () => false
  expect(there.ledger.counts().jobs.leased).toBe(0)
  return { host, first: first.job.id, second: second.job.id }
}

const drained = { status: 'queued', leaseLosses: 0, attemptHistory: [{ outcome: 'drained' }] }

test('of more jobs than a claim may have, which two coordinators leased under its key, it is given the first, and the others are free at once', async () => {
  const [, there, third] = three.services
  const { host, first, second } = await takenTwice()
  expect(ids(await there.claims.claim(host, { ...once, claim: key }))).toEqual([second])
  await third.hosts.hear('host-a')
  expect(ids(await third.claims.claim(host, { ...once, claim: key, retried: true }))).toEqual([first])
  expect(await third.queue.get(second)).toMatchObject(drained)
  expect(await third.queue.get(first)).toMatchObject({ status: 'leased' })
})

test('what a claim takes whose caller has gone is free at once when the caller was given jobs elsewhere meanwhile', async () => {
  const [, there] = three.services
  const { host, first, second } = await takenTwice()
  const caller = new AbortController()
  const claim = there.claims.claim(host, { ...once, claim: key, signal: caller.signal })
  there.ledger.watch((value) => {
    if (value.kind === 'job' && value.id === second && value.status === 'leased') caller.abort()
  })
  expect(ids(await claim)).toEqual([first])
  expect(await there.queue.get(second)).toMatchObject(drained)
})

test('a claim that came from another coordinator keeps what it takes, and frees what that one took for it meanwhile', async () => {
  const [, there] = three.services
  const { host, first, second } = await takenTwice()
  // It asks the others for what it has, and hears nothing.
  three.harness.network.loses = (to, { type }) => to === three.harness.nodes[1]!.instance && type === 'told'
  expect(ids(await there.claims.claim(host, { ...once, claim: key, retried: true }))).toEqual([second])
  expect(await there.queue.get(first)).toMatchObject(drained)
})

test('a report is never told that its job is unknown by a coordinator that cannot know', async () => {
  const [here, , there] = three.services
  const host = await here.registerHost('host-a')
  three.harness.network.loses = (to) => to === three.harness.nodes[2]!.instance
  const { job } = await here.queue.enqueue(shellJob)
  await here.claims.claim(host, once)
  three.harness.network.loses = () => false
  three.harness.network.cut(three.harness.nodes[2]!)
  const lost = { code: 'quorum_unreachable', problem: { outcome: 'not_applied' } }
  await expect(there.queue.complete(job.id, report('host-a', 1, true))).rejects.toMatchObject(lost)
  await expect(there.queue.get(job.id)).rejects.toMatchObject({ code: 'quorum_unreachable' })
  await expect(there.hosts.hear('host-z')).rejects.toMatchObject({ code: 'quorum_unreachable' })
  three.harness.network.heal()
  expect(await there.queue.complete(job.id, report('host-a', 1, true))).toMatchObject({ status: 'completed' })
  await expect(there.queue.complete('nothing', report('host-a', 1, true))).rejects.toMatchObject({ code: 'not_found' })
  await expect(there.hosts.hear('host-z')).rejects.toMatchObject({ code: 'not_found' })
})

test('one idempotency key makes one job, though it comes to all coordinators at once', async () => {
  const calls = Array.from({ length: 60 }, (_, index) => `key-${index % 20}`)
  const answers = await Promise.all(
    calls.map((name, index) => three.services[Math.floor(index / 20)]!.queue.enqueue(shellJob, name)),
  )
  expect(new Set(answers.map(({ job }) => job.id)).size).toBe(20)
  await allQueued(20)
  const mismatch = three.services[2].queue.enqueue({ ...shellJob, priority: 1 }, 'key-0')
  await expect(mismatch).rejects.toMatchObject({ code: 'idempotency_mismatch' })
})

test('the durability that is told follows the coordinators that are live', async () => {
  const [here] = three.services
  const { job, durability } = await here.queue.enqueue(shellJob)
  expect(durability).toEqual({ replicas: 3, minimum: 2, standalone: false })
  three.harness.network.cut(three.harness.nodes[2]!)
  expect((await here.queue.enqueue(shellJob)).durability).toEqual({ replicas: 2, minimum: 2, standalone: false })
  three.harness.network.cut(three.harness.nodes[1]!)
  const problem = { code: 'insufficient_replicas', problem: { outcome: 'not_applied' } }
  await expect(here.queue.enqueue(shellJob)).rejects.toMatchObject(problem)
  expect(await here.queue.get(job.id)).toMatchObject({ status: 'queued' })
})

test('the coordinator that made a record goes before the others, who follow in an order that all agree on', async () => {
  const { job } = await three.services[1].queue.enqueue(shellJob)
  await allQueued(1)
  const ranks = three.services.map(({ ledger }) => ledger.rank(jobKey(job.id)))
  expect(ranks[1]).toBe(0)
  expect(ranks.toSorted((a, b) => a - b)).toEqual([0, 1, 2])
})

test('the jobs of a lost host are rescued by the one who goes first, and by the next when that one is gone', async () => {
  const [here] = three.services
  const host = await here.registerHost('host-a')
  const { job } = await here.queue.enqueue({ ...shellJob, maxLeaseLosses: 3 })
  await here.claims.claim(host, once)
  await eventually('the lease to be known', () =>
    three.services.every(({ ledger }) => ledger.counts().jobs.leased === 1),
  )
  three.harness.clock.advance(leaseMs + 500)
  const rescued = async (each: (typeof three.services)[0]) => rescueJobs(each)
  const [first, second, third] = three.services.toSorted(
    (a, b) => a.ledger.rank(jobKey(job.id)) - b.ledger.rank(jobKey(job.id)),
  ) as typeof three.services
  expect(await Promise.all([rescued(second), rescued(third)])).toEqual([0, 0])
  three.harness.network.cut(three.harness.nodes[three.services.indexOf(first)]!)
  await eventually('the next to go first', () => second.ledger.rank(jobKey(job.id)) === 0)
  expect(await rescued(third)).toBe(0)
  expect(await rescued(second)).toBe(1)
  await eventually('it to be known', () => third.ledger.counts().jobs.queued === 1)
  expect(await rescued(third)).toBe(0)
})

test('a report that came too late is shown wherever it is known, and kept once, whoever was told of it', async () => {
  const [here, there] = three.services
  const { job } = await here.queue.enqueue(shellJob)
  await here.claims.claim(await here.registerHost('host-a'), once)
  three.harness.clock.advance(leaseMs + 5_000)
  expect(await rescueJobs(here)).toBe(1)
  three.harness.clock.advance(5_000)
  await here.claims.claim(await here.registerHost('host-b'), once)
  const late = report('host-a', 1, true)
  const reports = await Promise.allSettled([here, there].map(({ queue }) => queue.complete(job.id, late)))
  expect(reports.map((each) => each.status === 'rejected' && each.reason.code)).toEqual(['lease_lost', 'lease_lost'])
  await eventually('the report to be known', async () =>
    (await Promise.all(three.services.map(({ queue }) => queue.get(job.id)))).every(
      ({ superseded }) => superseded?.length === 1,
    ),
  )
})

test('records of a network that is gone are taken over by the one that they are restored into, and go on there', async () => {
  const [here, there] = three.services
  const { job } = await here.queue.enqueue(shellJob, 'key')
  const ended = await here.queue.enqueue(shellJob)
  await here.queue.cancel(ended.job.id)
  await here.registerHost('host-a')
  const { records } = await readSnapshot(here.ledger, 10, undefined)
  const elsewhere = await new MeshLedgers().createThree()
  try {
    const [first, second] = elsewhere.nodes.map(({ ledger }) => createServices({ ledger, clock: elsewhere.clock }))
    const merged = await mergeSnapshot(first!.ledger, records)
    expect(merged).toEqual({ changed: 3, adopted: 0 })
    await expect(first!.queue.cancel(job.id)).rejects.toMatchObject({ code: 'quorum_unreachable' })
    expect(await mergeSnapshot(first!.ledger, records, { restore: true })).toEqual({ changed: 0, adopted: 2 })
    expect(await mergeSnapshot(first!.ledger, records, { restore: true })).toEqual({ changed: 0, adopted: 0 })
    const again = await second!.queue.enqueue(shellJob, 'key')
    expect(again).toMatchObject({ deduplicated: true, job: { id: job.id } })
    const host = await second!.hosts.hear('host-a')
    await eventually('the job to be claimed', async () => (await second!.claims.claim(host, once)).length === 1)
    expect(await there.queue.get(job.id)).toMatchObject({ status: 'queued' })
  } finally {
    await elsewhere.close()
  }
})

test('a backup that is restored where its coordinators still live takes nothing over', async () => {
  const [here] = three.services
  await here.queue.enqueue(shellJob)
  const { records } = await readSnapshot(here.ledger, 10, undefined)
  three.harness.network.cut(three.harness.nodes[1]!, three.harness.nodes[2]!)
  expect(await mergeSnapshot(here.ledger, records, { restore: true })).toEqual({ changed: 0, adopted: 0 })
})
