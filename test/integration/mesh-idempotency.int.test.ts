import { setTimeout as pause } from 'node:timers/promises'
import type { Job } from '@skyclaw/protocol'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { enqueueMany, readJob } from '../support/enqueue.ts'
import { Http, type Request } from '../support/http.ts'
import { sameEverywhere } from '../support/knowledge.ts'
import { RawHost } from '../support/raw-host.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { atEnd } from '../support/undo.ts'
import { until } from '../support/until.ts'

const keyCounts = { calm: 200, stormy: 100 }
const keysAtOnce = 20
/** The last is so long that all know that it is out of reach: then the others see another network than it does when it is back. */
const downTimesMs = [0, 500, 2_000]

let cluster: Cluster
beforeAll(async () => {
  const entry = await bundleEntry(coordinatorEntry, tempFolder())
  cluster = await Cluster.start({ entry })
})

/** No host of these tests can run it. */
const newJob = (key: string): Request<'enqueueJob'> => ({
  body: {
    payload: { kind: 'shell', command: 'echo', args: [key] },
    requirement: { requiredCapabilities: ['nobody'] },
  },
  key,
})

const keyOf = ({ payload }: Job): string => payload.args?.[0] ?? 'none'

/** Sends the same request until it is answered, over restarts. */
async function enqueueAt({ http, name }: ClusterNode, key: string): Promise<Job> {
  let retry = -1
  const send = async () => {
    retry += 1
    return (await http.must('enqueueJob', { ...newJob(key), ...(retry > 0 && { retry }) })).job
  }
  return until(`${key} to be enqueued at ${name}`, send, { deadlineMs: 15_000 })
}

/** Sends each key to all of them at once, and answers the ids that each got. */
async function enqueueAll(keys: readonly string[]): Promise<Map<string, string[]>> {
  const answers = new Map<string, string[]>()
  const left = [...keys]
  const work = async () => {
    for (let key = left.shift(); key !== undefined; key = left.shift()) {
      const sent = key
      const jobs = await Promise.all(cluster.nodes.map((node) => enqueueAt(node, sent)))
      answers.set(
        key,
        jobs.map(({ id }) => id),
      )
    }
  }
  await Promise.all(Array.from({ length: keysAtOnce }, work))
  return answers
}

const keysOf = (name: keyof typeof keyCounts) =>
  Array.from({ length: keyCounts[name] }, (_, index) => `${name}-${index}`)

/**
 * Each key has one job that stands, and whatever id was answered leads to it everywhere: in the end, since what a coordinator that was
 * killed had accepted alone comes to light when it is back. Answers the jobs that stand not.
 */
async function expectOneEach(keys: readonly string[], answers: ReadonlyMap<string, string[]>): Promise<Job[]> {
  const check = async () => {
    const jobs = (await sameEverywhere(cluster.nodes)).filter((job) => keys.includes(keyOf(job)))
    const standing = jobs.filter(({ duplicateOf }) => duplicateOf === undefined)
    expect(standing.map(keyOf).toSorted()).toEqual(keys.toSorted())
    const idOf = new Map(standing.map((job) => [keyOf(job), job.id]))
    for (const [key, ids] of answers) {
      const led = cluster.nodes.flatMap(({ http }) => [...new Set(ids)].map((id) => readJob(http, id)))
      const leads = new Set((await Promise.all(led)).map(({ id }) => id))
      expect([...leads], key).toEqual([idOf.get(key)])
    }
    return jobs.filter((job) => !standing.includes(job))
  }
  return until('each key to have one job that stands', check, { deadlineMs: 15_000 })
}

/** On a machine that is too busy, they may: then there may be twins. */
const lostSight = () =>
  cluster.nodes.some(({ process }) => /does not answer|cannot be worked with/.test(process.stdout()))

describe('one idempotency key at all three coordinators at once', () => {
  test('makes one job', async () => {
    const keys = keysOf('calm')
    const answers = await enqueueAll(keys)
    const twins = await expectOneEach(keys, answers)
    if (!lostSight()) expect(twins, 'twins though all saw each other').toEqual([])
  })

  test('makes one job that stands while one of them is killed and comes back', { timeout: 60_000 }, async () => {
    const keys = keysOf('stormy')
    const [, b] = cluster.nodes
    const killAgainAndAgain = async () => {
      for (const downMs of downTimesMs) {
        await pause(50)
        await b!.kill()
        await pause(downMs)
        await b!.start()
        // Each key waits for an answer of this one: it must get to give some.
        await cluster.allLive()
      }
    }
    const [answers] = await Promise.all([enqueueAll(keys), killAgainAndAgain()])
    await cluster.allLive()
    await expectOneEach(keys, answers)
  })
})

/** A way to a coordinator on which answers can be lost. */
async function lossyWay({ port }: ClusterNode) {
  const proxy = await TcpProxy.start(port)
  const http = new Http(proxy.url)
  atEnd(() => http.close())
  return { proxy, http }
}

describe.each(['lives on', 'is killed'])('an answer lost on its way from a coordinator that %s', (fate) => {
  const isKilled = fate === 'is killed'

  /** Three jobs that only the host of the test can run. */
  async function prepare(name: string) {
    const [a, b, c] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode]
    const { proxy, http } = await lossyWay(a)
    const own = `${name}-${isKilled}`
    const host = await RawHost.register(http, own, ['shell', own])
    const ids = await enqueueMany(b.http, 3, { requirement: { requiredCapabilities: [own] } })
    /** Sends a request whose answer is lost, and kills the coordinator at the moment at which it answers. */
    const lose = async (send: () => Promise<unknown>) => {
      const begun = proxy.loseNextAnswer()
      const answer = send().then(
        () => 'answered',
        () => 'lost',
      )
      await begun
      if (isKilled) await a.kill()
      expect(await answer).toBe('lost')
    }
    return { a, b, c, ids, http, host, lose }
  }

  async function bringBack(node: ClusterNode): Promise<void> {
    if (isKilled) await node.start()
    await cluster.allLive()
  }

  test('is a claim that finds its jobs again at another one', async () => {
    const { a, b, c, ids, http, host, lose } = await prepare('claim')
    const request = { params: { id: host.id }, body: { max: 2, waitMs: 5_000 }, key: 'the-claim' }
    await lose(() => http.must('claimJobs', request))
    const repeated = await b.http.must('claimJobs', { ...request, retry: 1 })
    const again = await c.http.must('claimJobs', { ...request, retry: 2 })
    const idsOf = ({ jobs = [] }: typeof repeated) => jobs.map(({ id, attempts }) => `${id} ${attempts}`).toSorted()
    expect(repeated.jobs?.length).toBeGreaterThan(0)
    expect(idsOf(again)).toEqual(idsOf(repeated))
    // What it was given stays leased, and is all that it was given.
    await host.at(c.http).finish(3 - repeated.jobs!.length)
    const jobs = await Promise.all(ids.map((id) => readJob(c.http, id)))
    const leased = jobs.filter(({ status }) => status === 'leased')
    expect(idsOf({ job: null, jobs: leased })).toEqual(idsOf(repeated))
    await bringBack(a)
  })

  test('is a completion that is accepted once', async () => {
    const { a, b, c, http, host, lose } = await prepare('completion')
    const job = await host.claimOne(5_000)
    const outcome = { success: true, exitCode: 0, durationMs: 1, stdout: 'done once', stderr: '' }
    const request = {
      params: { id: job.id },
      body: { hostId: host.id, attempt: 1, ...outcome },
      key: 'the-completion',
    }
    await lose(() => http.must('completeJob', request))
    const repeated = await c.http.must('completeJob', { ...request, retry: 1 })
    expect(repeated.job).toMatchObject({ status: 'completed', attempts: 1, result: { stdout: 'done once' } })
    const live = isKilled ? [b, c] : cluster.nodes
    for (const node of live) {
      const shown = await until(`${node.name} to know it`, async () => {
        const known = await readJob(node.http, job.id)
        return known.status === 'completed' && known
      })
      expect(shown.attemptHistory).toMatchObject([{ hostId: host.id, outcome: 'completed' }])
      expect(shown.superseded).toBeUndefined()
    }
    await bringBack(a)
  })
})
