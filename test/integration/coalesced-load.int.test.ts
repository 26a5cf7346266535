import { createClient, type SkyclawClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import type { LeaseRef } from '@skyclaw/protocol'
import { beforeAll, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { sameEverywhere } from '../support/knowledge.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { atEnd } from '../support/undo.ts'
import { until } from '../support/until.ts'

const callers = 60
const jobsOfEach = 5
const claimed = 50
const hostId = 'together'

let cluster: Cluster
beforeAll(async () => {
  const entry = await bundleEntry(coordinatorEntry, tempFolder())
  cluster = await Cluster.start({ entry })
})

/** Asks all coordinators, the first one first. */
function connect(): SkyclawClient {
  const coordinators = cluster.nodes.map(({ url }) => url)
  const client = createClient({ coordinators, learn: false, timeoutMs: 20_000, transport: undiciTransport() })
  atEnd(() => client.close())
  return client
}

/** Enqueues one job after the other at each caller, all callers at once. Answers which id each tag was given. */
async function enqueueAll(client: SkyclawClient, answered: Map<string, string>): Promise<void> {
  const call = async (caller: number) => {
    for (let count = 0; count < jobsOfEach; count++) {
      const tag = `${caller}-${count}`
      const job = await client.jobs.enqueue({ kind: 'shell', command: 'echo', args: [tag] })
      expect(job.payload.args).toEqual([tag])
      answered.set(tag, job.id)
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
}

/** Claims many at a time, and reports them together, until `isOver`. Notes the ids of those that were recorded. */
async function completeAll(client: SkyclawClient, done: string[], isOver: () => boolean): Promise<void> {
  const params = { id: hostId }
  let held: LeaseRef[] = []
  // What a claim leased without its answer coming through is given to another attempt by this.
  const beat = () => client.call('heartbeat', { params, body: { activeLeases: held.length, jobs: held } })
  while (!isOver()) {
    await beat()
    const { jobs = [] } = await client.call('claimJobs', { params, body: { max: claimed, waitMs: 500 } })
    held = jobs.map(({ id, attempts }) => ({ id, attempt: attempts }))
    const outcome = { hostId, success: true, exitCode: 0, durationMs: 1, stdout: 'done', stderr: '' }
    const report = async () => {
      const reports = held.map((ref) => ({ ...outcome, ...ref }))
      const { results } = await client.call('completeJobs', { body: { reports } })
      const again = results.flatMap(({ problem }, index) => (problem?.retryable ? [held[index]!] : []))
      const refused = results.flatMap(({ problem }) => (problem && !problem.retryable ? [problem.detail] : []))
      done.push(...results.flatMap(({ status }, index) => (status === 'completed' ? [held[index]!.id] : [])))
      held = again
      expect(refused).toEqual([])
      return held.length === 0
    }
    if (held.length > 0) await until('all of them to be recorded', report, { deadlineMs: 20_000, everyMs: 50 })
  }
}

test(
  'calls that share requests lose nothing, and make nothing twice, while a coordinator is killed',
  { timeout: 60_000 },
  async () => {
    const client = connect()
    const host = connect()
    const [a] = cluster.nodes
    const total = callers * jobsOfEach
    const answered = new Map<string, string>()
    const done: string[] = []
    await host.call('registerHost', { body: { hostId, name: hostId, capabilities: ['shell'], maxParallel: claimed } })
    const kill = async () => {
      await until('some calls to be answered', () => answered.size > total / 6)
      await a!.kill()
      await until('more of them to be answered', () => answered.size > total / 2 && done.length > 0)
      await a!.start()
    }
    await Promise.all([enqueueAll(client, answered), completeAll(host, done, () => done.length >= total), kill()])
    await cluster.allLive()

    // Killed at the wrong moment it may have left a twin, which leads to the job that stands.
    const jobs = await sameEverywhere(cluster.nodes)
    const standing = jobs.filter(({ duplicateOf }) => duplicateOf === undefined)
    expect(standing).toHaveLength(total)
    const leads = new Map(jobs.map(({ id, duplicateOf }) => [id, duplicateOf ?? id]))
    const led = new Map([...answered].map(([tag, id]) => [tag, leads.get(id)]))
    expect(new Map(standing.map(({ payload, id }) => [payload.args?.[0], id]))).toEqual(led)
    expect(standing.filter(({ status }) => status !== 'completed')).toEqual([])
    expect(new Set(done).size).toBe(done.length)
    expect(new Set(done.map((id) => leads.get(id)))).toEqual(new Set(standing.map(({ id }) => id)))
  },
)
