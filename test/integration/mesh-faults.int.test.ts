import type { Job, Payload } from '@skyclaw/protocol'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueue, enqueueMany, readJob } from '../support/enqueue.ts'
import { readJobs, readRecords, sameEverywhere } from '../support/knowledge.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

/** Long enough for a write over a coordinator that is dead but not yet known to be. */
const promptMs = 2_000
const repairAfterMs = 1_000

let entry: string
let cluster: Cluster
beforeAll(async () => {
  entry = await bundleEntry(coordinatorEntry, tempFolder())
  cluster = await Cluster.start({ entry })
})

const three = () => cluster.nodes as [ClusterNode, ClusterNode, ClusterNode]

const sayNumber = (number: number): Payload => ({ kind: 'shell', command: 'echo', args: [String(number)] })

const statuses = (jobs: readonly Job[]) => [...new Set(jobs.map(({ status }) => status))]

describe('three coordinators, of which two must have a change', () => {
  test('finish what was enqueued and leased at one that was killed, at once, and it catches up when it is back', async () => {
    const [a, b, c] = three()
    const host = await RawHost.register(a.http, 'host')
    await enqueueMany(a.http, 30)
    const leased = await host.claim({ max: 10 })
    await a.kill()

    const startedAt = performance.now()
    const later = await enqueue(b.http)
    expect(performance.now() - startedAt).toBeLessThan(promptMs)
    const reports = await Promise.all(leased.map((job) => host.at(c.http).complete(job)))
    expect(reports.map(({ status }) => status)).toEqual(Array(10).fill(200))
    await host.at(b.http).finish(21)
    expect((await readJob(b.http, later.id)).status).toBe('completed')

    const instance = (await b.http.must('listPeers')).peers.find(({ nodeId }) => nodeId === 'a')?.instance
    await a.start()
    await cluster.allLive()
    const jobs = await sameEverywhere(cluster.nodes)
    expect(jobs).toHaveLength(31)
    expect(statuses(jobs)).toEqual(['completed'])
    expect(await a.instance()).toBe(instance)
  })

  test('refuse writes and answer reads while two are down, and go on by themselves when they are back', async () => {
    const [a, b, c] = three()
    const host = await RawHost.register(a.http, 'another')
    const countBefore = (await readJobs(a.http)).length
    const ids = await enqueueMany(a.http, 3)
    const [leased] = await host.claim({ max: 1 })
    await allKnow(countBefore + 3)
    await Promise.all([b.kill(), c.kill()])

    const first = { body: { payload: sayNumber(100) }, key: 'first' }
    const atOnce = await a.http.call('enqueueJob', first)
    expect(atOnce.status).toBe(503)
    expect(['insufficient_replicas', 'quorum_unreachable']).toContain((atOnce.body as { code?: string }).code)
    expect(atOnce.body).toMatchObject({ retryable: true, outcome: expect.stringMatching(/^(unknown|not_applied)$/) })
    await until('it to see that it is alone', () => a.sees(0))
    const second = { body: { payload: sayNumber(101) }, key: 'second' }
    const refusal = { code: 'insufficient_replicas', retryable: true, outcome: 'not_applied' }
    expect(await a.http.call('enqueueJob', second)).toMatchObject({ status: 503, body: refusal })
    const batch = await a.http.call('enqueueBatch', { body: { jobs: [second.body] }, key: 'batch' })
    expect(batch.ok ? batch.body.results[0]?.problem : batch.body).toMatchObject(refusal)
    const report = await host.complete(leased!)
    expect(report).toMatchObject({ status: 503, body: { retryable: true } })
    const claim = await a.http.call('claimJobs', { params: { id: host.id }, body: {} })
    if (claim.ok) expect(claim.body.job).toBeNull()
    else expect(claim).toMatchObject({ status: 503, body: { retryable: true } })

    expect(statuses(await readJobs(a.http)).toSorted()).toEqual(['completed', 'leased', 'queued'])
    expect(await readJob(a.http, ids[2]!)).toMatchObject({ id: ids[2], status: 'queued' })
    expect(await a.http.must('readState', { query: {} })).toMatchObject({ nodeId: 'a' })

    await Promise.all([b.start(), c.start()])
    await cluster.allLive()
    const shown = await Promise.all(cluster.nodes.map(({ http }) => readJobs(http)))
    const numbers = shown.flat().map(({ payload }) => payload.args?.[0])
    expect(numbers, 'a job of which it was said that it was not applied').not.toContain('101')
    const made = await Promise.all(
      [first, second].map((request) => c.http.must('enqueueJob', { ...request, retry: 1 })),
    )
    expect(new Set(made.map(({ job }) => job.id)).size).toBe(2)
    expect(await host.at(b.http).complete(leased!)).toMatchObject({ status: 200 })
    await host.at(c.http).finish(4)
    const jobs = await sameEverywhere(cluster.nodes)
    expect(jobs).toHaveLength(countBefore + 5)
    expect(statuses(jobs)).toEqual(['completed'])
  })

  test('take one whose database was lost back as a new instance, and make the replica sets whole again with it', async () => {
    const env = { SKYCLAW_REPAIR_AFTER_MS: String(repairAfterMs) }
    const [a, b, c, own] = await Cluster.startThree({ entry, env })
    const host = await RawHost.register(a.http, 'host')
    await enqueueMany(a.http, 40)
    await host.finish(10)
    const lost = await c.instance()
    await c.kill()
    c.deleteDatabase()
    await c.start()
    await own.allLive()
    expect(await c.instance()).not.toBe(lost)
    expect(await sameEverywhere(own.nodes)).toHaveLength(40)

    const instances = await Promise.all(own.nodes.map((node) => node.instance()))
    const isWhole = async () => {
      const open = [...(await readRecords(b.http)).values()].filter(({ value }) => isOpen(value))
      const broken = open.filter(({ set }) => set.replicas.toSorted().join() !== instances.toSorted().join())
      if (broken.length === 0) return true
      throw new Error(`${broken.length} of ${open.length} are not, such as ${JSON.stringify(broken[0])}`)
    }
    await until('all replica sets to be whole', isWhole, { deadlineMs: 15_000, everyMs: 100 })
    // What was lost is made good: the new one and one of the old ones are enough.
    await a.kill()
    await host.at(c.http).finish(30)
    await a.start()
    await own.allLive()
    expect(statuses(await sameEverywhere(own.nodes))).toEqual(['completed'])
  })
})

const isOpen = (value: { kind: string; status?: string }) => value.kind === 'host' || value.status === 'queued'

async function allKnow(jobs: number): Promise<void> {
  for (const { http, name } of cluster.nodes) {
    await until(`${name} to know all jobs`, async () => (await readJobs(http)).length === jobs)
  }
}
