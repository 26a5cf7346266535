import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@skyclaw/client'
import { beforeAll, expect, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { readJob } from '../support/enqueue.ts'
import { hostEntry, startHost } from '../support/host.ts'
import { readJobs, sameEverywhere } from '../support/knowledge.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { atEnd } from '../support/undo.ts'
import { until } from '../support/until.ts'

const callers = 4
const callsAround = 10
/** Longer than it takes to notice that a coordinator was killed, and to ask the next one. */
const longestPauseMs = 5_000
const hostName = 'worker'

let cluster: Cluster
let hostBundle: string
beforeAll(async () => {
  const [entry, host] = await Promise.all([
    bundleEntry(coordinatorEntry, tempFolder()),
    bundleEntry(hostEntry, tempFolder()),
  ])
  hostBundle = host
  cluster = await Cluster.start({ entry, bootstrap: 'previous' })
}, 60_000)

const pauses: number[] = []

/** The time without an answer, when `share` of all waited no longer. */
function quantile(share: number): number {
  const sorted = pauses.toSorted((one, other) => one - other)
  return Math.round(sorted[Math.ceil(share * sorted.length) - 1]!)
}

test(
  'a host and a client that were told of one coordinator go on at others whichever is killed, and nothing is lost',
  { timeout: 90_000 },
  async () => {
    const [a] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode]
    const folder = tempFolder()
    const settings = { folder, coordinatorUrl: a.url, name: hostName, allowedCommands: ['true'], maxParallel: 4 }
    await startHost({ ...settings, heartbeatMs: 500, entry: hostBundle })
    const client = createClient({ coordinators: [a.url], timeoutMs: 20_000 })
    atEnd(() => client.close())
    const acknowledged: string[] = []
    const call = async () => {
      const startedAt = performance.now()
      const { id } = await client.jobs.enqueue({ kind: 'shell', command: 'true' })
      acknowledged.push(id)
      return performance.now() - startedAt
    }
    await call()
    await until('the client to learn the others', () => client.coordinators.length === cluster.nodes.length)
    const remembered = join(folder, hostName, 'coordinators.json')
    await until('the host to learn the others', () => existsSync(remembered) && learnedBy(remembered).length === 2)

    for (const node of cluster.nodes) {
      const longest = await Promise.all(Array.from({ length: callers }, () => callAround(call, node)))
      pauses.push(...longest)
      // What was acknowledged while it was down is done while it is down.
      await until(
        'the host to finish all',
        async () => {
          const other = cluster.nodes.find((it) => it !== node)!
          const done = (await readJobs(other.http)).filter(({ status }) => status === 'completed')
          return done.length >= acknowledged.length
        },
        { deadlineMs: 20_000, everyMs: 50 },
      )
      await node.start()
      await cluster.allLive()
    }
    process.stdout.write(
      `calls while each of three coordinators is killed: of ${pauses.length} longest pauses of a caller p50 is ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms\n`,
    )
    expect(quantile(0.99)).toBeLessThan(longestPauseMs)
    expect(new Set(acknowledged).size).toBe(1 + cluster.nodes.length * callers * callsAround)
    const jobs = await sameEverywhere(cluster.nodes)
    // What a coordinator that was killed had begun alone comes to light when it is back, and leads to what was made elsewhere meanwhile.
    const standing = jobs.filter(({ duplicateOf }) => duplicateOf === undefined)
    const led = await Promise.all(acknowledged.map(async (id) => (await readJob(a.http, id)).id))
    expect(led.toSorted()).toEqual(standing.map(({ id }) => id).toSorted())
    expect(new Set(standing.map(({ status, attempts }) => `${status} ${attempts}`))).toEqual(new Set(['completed 1']))
  },
)

const learnedBy = (file: string) => (JSON.parse(readFileSync(file, 'utf8')) as { learned: string[] }).learned

/** Calls one after the other, in whose middle the coordinator is killed; resolves with the longest that one took. */
async function callAround(call: () => Promise<number>, node: ClusterNode): Promise<number> {
  let longest = 0
  for (let count = 0; count < callsAround; count += 1) {
    if (count === Math.floor(callsAround / 3)) void node.kill()
    longest = Math.max(longest, await call())
  }
  return longest
}
