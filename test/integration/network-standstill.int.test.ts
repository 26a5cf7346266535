import { setTimeout as pause } from 'node:timers/promises'
import { type Job, limits } from '@skyclaw/protocol'
import { beforeAll, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueueMany } from '../support/enqueue.ts'
import { readRecords, sameEverywhere, sameRecords } from '../support/knowledge.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'
import { leasedTwice, WorkingHost } from '../support/working-host.ts'

/** Until its records are repaired, in CI. MESH_STANDSTILL_MS says how long at least, such as the minute of the real thing. */
const standstillMs = Number(process.env['MESH_STANDSTILL_MS'] ?? 0)
const repairAfterMs = 1_000
/** Far less than the standstill: the one that wakes has not heard of any host for longer. */
const leaseMs = 3_000
const jobsQueued = 40
const jobsHeld = 10
const jobsLate = 10
/** A record and all that is said about it, to three coordinators and back: the records that moved, and who wakes reads them. */
const bytesPerRecord = 8_000

let cluster: Cluster
beforeAll(async () => {
  const entry = await bundleEntry(coordinatorEntry, tempFolder())
  const env = { SKYCLAW_REPAIR_AFTER_MS: String(repairAfterMs) }
  const names = ['a', 'b', 'c', 'd']
  cluster = await Cluster.start({ entry, names, env, leaseMs, bootstrap: 'previous', proxied: true })
}, 60_000)

const jobsFor = (capability: string) => ({ requirement: { requiredCapabilities: [capability] } })

/** Whether three live coordinators keep each record that can change. */
async function isRepaired(at: ClusterNode, gone: string): Promise<boolean> {
  const records = [...(await readRecords(at.http)).values()]
  const open = records.filter(({ value }) => value.kind === 'host' || (value.kind === 'job' && isOpen(value.status)))
  const broken = open.filter(({ set: { replicas } }) => replicas.length < 3 || replicas.includes(gone))
  if (broken.length === 0 && open.length > jobsQueued) return true
  throw new Error(`${broken.length} of ${open.length} are not, such as ${JSON.stringify(broken[0])}`)
}

const isOpen = (status: string) => status === 'queued' || status === 'leased'

test(
  'a coordinator that stands still is declared dead and replaced, and when it goes on it rejoins, refutes and catches up, without a lease given twice',
  { timeout: 60_000 + standstillMs },
  async () => {
    const [a, b, c, d] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode, ClusterNode]
    await enqueueMany(d.http, jobsQueued, jobsFor('nobody'))
    await enqueueMany(d.http, jobsHeld, jobsFor('held'))
    const holder = WorkingHost.begin(a.http, await RawHost.register(a.http, 'holder', ['shell', 'held']), {
      holds: true,
    })
    const raw = await RawHost.register(b.http, 'late', ['shell', 'late'])
    await until('the jobs to be leased', () => holder.given.length === jobsHeld)
    await sameRecords(cluster.nodes)
    const idleBytes = await cluster.idleBytesPerMs()
    const [gone, before] = [await d.instance(), await a.viewOf(d)]
    // It waits in the one that stands still, which will offer it jobs that others have taken meanwhile.
    const waiting = await RawHost.register(d.http, 'waiting', ['shell', 'late'])
    const stolen: Job[] = []
    const patience = new AbortController()
    const asleep = d.http
      .must('claimJobs', { params: { id: waiting.id }, body: { waitMs: limits.waitMs }, signal: patience.signal })
      .then(({ jobs = [] }) => void stolen.push(...jobs))
      .catch(() => undefined)

    d.standStill()
    const stoodAt = performance.now()
    const seen = async (state: string, deadlineMs: number) => {
      await until(`it to be ${state}`, async () => (await a.viewOf(d))?.state === state, { deadlineMs })
      return Math.round(performance.now() - stoodAt)
    }
    const suspectMs = await seen('suspect', 10_000)
    const deadMs = await seen('dead', 30_000)
    await enqueueMany(a.http, jobsLate, jobsFor('late'))
    const late = WorkingHost.begin(b.http, raw, { holds: true })
    await until('the late jobs to be leased', () => late.given.length === jobsLate)
    await until('its records to be repaired', () => isRepaired(b, gone), { deadlineMs: 15_000, everyMs: 100 })
    const repairedMs = Math.round(performance.now() - stoodAt)
    if (standstillMs > 0) await pause(standstillMs - repairedMs)
    const bytesBefore = cluster.peerBytes

    d.goOn()
    const wokeAt = performance.now()
    await cluster.allLive(cluster.nodes, 10_000)
    await sameRecords(cluster.nodes)
    const backMs = Math.round(performance.now() - wokeAt)
    // A storm would go on.
    const bytesAfter = await cluster.idleBytesPerMs()
    const bytes = cluster.peerBytes - bytesBefore
    process.stdout.write(
      `stood still: suspect after ${suspectMs} ms, dead after ${deadMs}, repaired after ${repairedMs}; back after ${backMs} ms, ${bytes} bytes, then ${Math.round(bytesAfter)} a ms\n`,
    )
    const after = await a.viewOf(d)
    expect(after).toMatchObject({ instance: gone, state: 'alive' })
    expect(after!.incarnation!).toBeGreaterThan(before!.incarnation!)
    expect(bytesAfter).toBeLessThan(5 * idleBytes + 50)
    expect(bytes).toBeLessThan((jobsQueued + jobsHeld + jobsLate) * bytesPerRecord)

    // Who wakes must not give what is leased to the host that waits there, nor take leases of hosts that it has not heard.
    await Promise.all([holder.finishAll(d.http), late.finishAll(c.http)])
    expect([...holder.refused, ...late.refused]).toEqual([])
    patience.abort()
    await asleep
    expect(stolen).toEqual([])
    expect(leasedTwice([holder, late])).toEqual([])
    await Promise.all([holder.stop(), late.stop()])
    const jobs = await sameEverywhere(cluster.nodes)
    const ends = jobs.map(({ status, attempts, attemptHistory }) => `${status} ${attempts} ${attemptHistory.length}`)
    expect(new Set(ends)).toEqual(new Set(['completed 1 1', 'queued 0 0']))
    expect(jobs).toHaveLength(jobsQueued + jobsHeld + jobsLate)
  },
)
