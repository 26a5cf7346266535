import { beforeAll, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueue, enqueueMany } from '../support/enqueue.ts'
import { readJobs, readRecords, sameEverywhere } from '../support/knowledge.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

const jobs = 30
const finished = 10

let cluster: Cluster
beforeAll(async () => {
  const entry = await bundleEntry(coordinatorEntry, tempFolder())
  cluster = await Cluster.prepare({ entry, names: ['first', 'second', 'third'], bootstrap: 'previous' })
})

const newJob = { body: { payload: { kind: 'shell' as const, command: 'true' } } }

const durabilityAt = async ({ http }: ClusterNode) => (await http.must('enqueueJob', newJob)).durability

const standaloneAt = async ({ http }: ClusterNode) => (await http.must('readHealth')).standalone

/** Waits until each record that can change is kept by so many. */
async function spreadTo(nodes: readonly ClusterNode[]): Promise<void> {
  const instances = (await Promise.all(nodes.map((node) => node.instance()))).toSorted().join()
  const look = async () => {
    const records = [...(await readRecords(nodes[0]!.http)).values()]
    const open = records.filter(
      ({ value }) => value.kind === 'host' || (value.kind === 'job' && value.status === 'queued'),
    )
    const narrow = open.filter(({ set }) => set.replicas.toSorted().join() !== instances)
    if (open.length > 0 && narrow.length === 0) return true
    throw new Error(`${narrow.length} of ${open.length} are not, such as ${JSON.stringify(narrow[0])}`)
  }
  await until(`each record to be kept by ${nodes.length}`, look, { deadlineMs: 15_000, everyMs: 100 })
}

test(
  'a lone coordinator says that it stands alone; what it has spreads to one that joins, and outlives it',
  { timeout: 60_000 },
  async () => {
    const [first, second, third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode]
    await first.start()
    expect(first.process.stdout()).toMatch(/"standalone":true.*"coordinator serves"/)
    expect(await standaloneAt(first)).toBe(true)
    expect(await durabilityAt(first)).toEqual({ replicas: 1, minimum: 1, standalone: true })
    expect((await first.http.must('listPeers')).self).toMatchObject({ standalone: true })
    await enqueueMany(first.http, jobs - 1)
    await (await RawHost.register(first.http, 'host')).finish(finished)

    await second.start()
    await cluster.allLive([first, second])
    const joinedAt = performance.now()
    await spreadTo([first, second])
    process.stdout.write(
      `${jobs} records of a lone coordinator were on two after ${Math.round(performance.now() - joinedAt)} ms\n`,
    )
    expect([await standaloneAt(first), await standaloneAt(second)]).toEqual([false, false])
    expect(await durabilityAt(first)).toEqual({ replicas: 2, minimum: 2, standalone: false })
    const before = await sameEverywhere([first, second])
    expect(before).toHaveLength(jobs + 1)

    await first.kill()
    expect(await readJobs(second.http)).toEqual(before)
    await until('the other one to be missed', () => second.sees(0))
    // It is not alone again for having lost the other one: what it acknowledged alone would be on one disk.
    const refusal = { status: 503, body: { code: 'insufficient_replicas', retryable: true } }
    expect(await second.http.call('enqueueJob', newJob)).toMatchObject(refusal)
    expect(await standaloneAt(second)).toBe(false)

    await third.start()
    await cluster.allLive([second, third])
    await enqueue(third.http)
    first.bootstrapsFrom([])
    await first.start()
    await cluster.allLive()
    expect(first.process.stdout()).toMatch(/"standalone":false.*"coordinator serves"/)
    const host = await RawHost.register(third.http, 'host')
    await host.finish(jobs + 2 - finished)
    const after = await sameEverywhere(cluster.nodes)
    expect(new Set(after.map(({ status, attempts }) => `${status} ${attempts}`))).toEqual(new Set(['completed 1']))
    expect(after).toHaveLength(jobs + 2)
  },
)
