import type { Job } from '@skyclaw/protocol'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueueMany, readJob } from '../support/enqueue.ts'
import type { Request } from '../support/http.ts'
import { readRecords, sameEverywhere } from '../support/knowledge.ts'
import { RawHost } from '../support/raw-host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'
import type { Cut } from '../support/wires.ts'
import { leasedTwice, WorkingHost } from '../support/working-host.ts'

const jobsBefore = 24
const jobsCancelled = 8
const jobsDuring = 6
/** After all is connected again. */
const agreeWithinMs = 10_000
/** A change that finds no quorum fails after some seconds; one that needs other coordinators than at first must be asked for again. */
const goOnWithinMs = 15_000

let cluster: Cluster
beforeAll(async () => {
  const entry = await bundleEntry(coordinatorEntry, tempFolder())
  cluster = await Cluster.start({ entry, names: ['a', 'b', 'c', 'd', 'e'], bootstrap: 'previous', proxied: true })
}, 60_000)
beforeEach(async () => {
  cluster.wires.mend()
  await cluster.allLive()
})

interface Side {
  readonly nodes: readonly ClusterNode[]
  readonly host: WorkingHost
}

/** Which side keeps a quorum of each record. */
async function sideOfEach(ids: readonly string[], sides: readonly Side[]): Promise<Map<string, Side>> {
  const records = await readRecords(cluster.nodes[0]!.http)
  const members = await Promise.all(sides.map(({ nodes }) => Promise.all(nodes.map((node) => node.instance()))))
  const sideOf = (id: string) => {
    const { replicas } = records.get(`job:${id}`)!.set
    return sides.find((_, index) => replicas.filter((it) => members[index]!.includes(it)).length * 2 > replicas.length)!
  }
  return new Map(ids.map((id) => [id, sideOf(id)]))
}

const echo = { payload: { kind: 'shell' as const, command: 'true' } }

/** A new job, asked for until it is made. */
async function enqueueAt({ nodes: [node] }: Side, request: Request<'enqueueJob'>): Promise<Job> {
  let retry = -1
  const send = async () => {
    retry += 1
    return (await node!.http.must('enqueueJob', { ...request, ...(retry > 0 && { retry }) })).job
  }
  return until(`${request.key} to be enqueued at ${node!.name}`, send, { deadlineMs: goOnWithinMs, everyMs: 100 })
}

async function enqueueLater(side: Side, own: string, index: number): Promise<string[]> {
  const body = { ...echo, requirement: { requiredCapabilities: [own] } }
  const keys = Array.from({ length: jobsDuring }, (_, count) => `${own}-${index}-${count}`)
  return (await Promise.all(keys.map((key) => enqueueAt(side, { body, key })))).map(({ id }) => id)
}

async function areDead(members: readonly ClusterNode[], forAll: readonly ClusterNode[]): Promise<boolean> {
  const views = await Promise.all(forAll.flatMap((node) => members.map((member) => node.viewOf(member))))
  return views.every((view) => view?.state === 'dead')
}

/** Each job is finished by the host of its side. */
async function expectDone(ids: readonly string[], sideOf: ReadonlyMap<string, Side>): Promise<void> {
  const look = () => {
    const open = ids.filter((id) => !sideOf.get(id)!.host.finished.has(id))
    if (open.length === 0) return true
    throw new Error(`${open.length} of ${ids.length} are not finished`)
  }
  await until('each job to be finished on its side', look, { deadlineMs: goOnWithinMs })
}

/** Both sides cancel the same jobs at once: each is cancelled by the one that has its quorum. */
async function expectCancelled(ids: readonly string[], sideOf: ReadonlyMap<string, Side>, sides: readonly Side[]) {
  const cancelAll = async (side: Side) => {
    const cancel = (id: string) =>
      side.nodes[1]!.http.call('cancelJob', { params: { id }, body: { reason: side.host.id } })
    const answers = await Promise.all(ids.map(cancel))
    for (const [index, answer] of answers.entries()) {
      const isOwn = sideOf.get(ids[index]!) === side
      if (isOwn) expect(answer).toMatchObject({ status: 200, body: { job: { cancelReason: side.host.id } } })
      else expect(answer).toMatchObject({ status: 503, body: { retryable: true } })
    }
  }
  await Promise.all(sides.map(cancelAll))
}

/** With whether it lasts until the larger side declares the others dead. */
const cuts: [string, Omit<Cut, 'from' | 'to'>, boolean][] = [
  ['resets every connection', { how: 'breaks' }, false],
  ['leaves connections open that carry nothing', { how: 'swallows' }, true],
  ['swallows what goes one way', { how: 'swallows', oneWay: true }, false],
]

test.each(cuts)(
  'a partition that %s leaves each record to the one side that has its quorum, and all agree when it heals',
  { timeout: 90_000 },
  async (what, cut, isLong) => {
    const [a, b, c, d, e] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode, ClusterNode, ClusterNode]
    const own = what.replaceAll(' ', '-')
    const wanted = { requirement: { requiredCapabilities: [own] } }
    const idle = { requirement: { requiredCapabilities: ['nobody'] } }
    const open = [
      ...(await enqueueMany(a.http, jobsBefore / 2, wanted)),
      ...(await enqueueMany(d.http, jobsBefore / 2, wanted)),
    ]
    const cancelled = await enqueueMany(e.http, jobsCancelled, idle)
    const raws = [
      await RawHost.register(a.http, `${own}-left`, ['shell', own]),
      await RawHost.register(c.http, `${own}-right`, ['shell', own]),
    ]
    await sameEverywhere(cluster.nodes)

    const halves = [
      [a, b],
      [c, d, e],
    ] as const
    cluster.wires.cut({ from: halves[0], to: halves[1], ...cut })
    const startedAt = performance.now()
    const sides = halves.map((nodes, index) => ({ nodes, host: WorkingHost.begin(nodes[0].http, raws[index]!) }))
    const sideOf = await sideOfEach([...open, ...cancelled], sides)
    await Promise.all([expectDone(open, sideOf), expectCancelled(cancelled, sideOf, sides)])
    const key = `on-both-sides-${own}`
    const both = await Promise.all(sides.map((side) => enqueueAt(side, { body: { ...echo, ...idle }, key })))
    const later = await Promise.all(sides.map((side, index) => enqueueLater(side, own, index)))
    await Promise.all(
      sides.map((side, index) => expectDone(later[index]!, new Map(later[index]!.map((id) => [id, side])))),
    )
    for (const { nodes } of sides) await cluster.allLive(nodes)
    if (isLong) await until('the others to be declared dead', () => areDead([a, b], [c, d, e]), { deadlineMs: 30_000 })
    const cutMs = performance.now() - startedAt

    cluster.wires.mend()
    const healedAt = performance.now()
    await cluster.allLive(cluster.nodes, agreeWithinMs)
    const jobs = await sameEverywhere(cluster.nodes, agreeWithinMs - (performance.now() - healedAt))
    const healedMs = performance.now() - healedAt
    process.stdout.write(
      `a partition that ${what}: ${Math.round(cutMs)} ms, all agree after ${Math.round(healedMs)} ms\n`,
    )
    expect(healedMs).toBeLessThan(agreeWithinMs)

    const hosts = sides.map(({ host }) => host)
    await Promise.all(hosts.map((host) => host.stop()))
    expect(leasedTwice(hosts), 'leased twice').toEqual([])
    expect(hosts.flatMap(({ refused }) => refused)).toEqual([])
    const shown = new Map(jobs.map((job) => [job.id, job]))
    for (const { finished } of hosts) {
      for (const [id, { result, attempts }] of finished)
        expect(shown.get(id), id).toMatchObject({ status: 'completed', attempts, result })
    }
    const ends = [...open, ...later.flat()].map((id) => `${shown.get(id)?.status} ${shown.get(id)?.attempts}`)
    expect(new Set(ends)).toEqual(new Set(['completed 1']))
    for (const id of cancelled) {
      const { host } = sideOf.get(id)!
      expect(shown.get(id)).toMatchObject({ status: 'cancelled', cancelReason: host.id })
    }
    await until('one job of the key to stand', async () => {
      const [one, other] = await Promise.all(both.map(({ id }) => readJob(b.http, id)))
      return one!.id === other!.id
    })
  },
)
