import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { isTerminal, type Job } from '@skyclaw/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { FailoverHttp } from '../support/failover-http.ts'
import { sameEverywhere } from '../support/knowledge.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'
import { listAll } from './bystanders.ts'
import { Dice } from './dice.ts'
import { Load } from './load.ts'
import { Witness } from './witness.ts'

// MESH_KILL_ROUNDS_SEED repeats the random choices of an earlier run, though not the timing of its processes.
const seed = Number(process.env['MESH_KILL_ROUNDS_SEED'] ?? randomInt(0xffff_ffff))
const rounds = Number(process.env['MESH_KILL_ROUNDS'] ?? 8)

const leaseMs = 2_000
const newJobsPerRound = 40
/** Requests of clients and hosts that nobody has answered when their coordinator is killed, at least. */
const leastUnanswered = 4
/** Rounds in which a coordinator is not killed, but no longer heard by the others' requests, though it reaches them. */
const deafShare = 0.2
/** Calls before which an actor goes to another coordinator for no reason, so that each of them has its share. */
const leaveShare = 0.1
const longestDownMs = 1_500
const drainMs = 45_000
/** Twins know of each other when the coordinators that made them see each other: down, started and caught up, and once more. */
const twinsMeetMs = 8_000

test(
  'three coordinators of which any one is killed at random moments under load lose nothing that they acknowledged',
  { timeout: 180_000 },
  async () => {
    const startedAt = performance.now()
    const entry = await bundleEntry(coordinatorEntry, tempFolder())
    const cluster = await Cluster.start({ entry, leaseMs, proxied: true })
    const ended = new AbortController()
    onTestFinished(() => ended.abort())
    const dice = new Dice(seed)
    const witness = new Witness({ several: true })
    const https = cluster.nodes.map(({ http }) => http)
    const stage = { witness, dice, signal: ended.signal }
    const connect = (own: Dice) => new FailoverHttp(https, own.int(0, 2), () => own.chance(leaveShare))
    const load = new Load(stage, { leaseMs, connect })
    const count = { kills: 0, unanswered: 0, 'deaf for a time': 0 }

    for (let round = 1; round <= rounds; round += 1) {
      load.orders.left += newJobsPerRound
      if (dice.chance(0.3)) load.freezeOneHost()
      if (dice.chance(0.2)) load.replaceOneHost()
      await pause(dice.int(0, 300))
      const node = dice.pick(cluster.nodes)!
      if (dice.chance(deafShare)) {
        count['deaf for a time'] += 1
        await deafen(node, dice)
      } else {
        count.kills += 1
        count.unanswered += await killUnderLoad(node)
        await pause(dice.int(0, longestDownMs))
        await node.start()
      }
      // Now and then the next one goes before this one has caught up.
      if (dice.chance(0.8)) await cluster.allLive()
      expect(witness.violations, `MESH_KILL_ROUNDS_SEED=${seed}`).toEqual([])
    }

    await load.stopEnqueuing()
    const jobs = await drain(cluster)
    for (const http of https) await listAll({ ...stage, http }, witness)
    const twins = witness.checkTwins(jobs, twinsMeetMs)
    expect(witness.violations, `MESH_KILL_ROUNDS_SEED=${seed}`).toEqual([])
    const standing = jobs.filter(({ duplicateOf }) => duplicateOf === undefined)
    expect(standing.length - twins.ran - witness.acknowledgedCount).toBeLessThanOrEqual(load.orders.keylessUnanswered)
    expect(jobs.filter(({ status }) => !isTerminal(status))).toEqual([])
    report({
      rounds,
      ...count,
      'requests answered': witness.answers,
      'jobs acknowledged': witness.acknowledgedCount,
      'with twins': twins.met,
      'run beside their twin': twins.ran,
      'leases lost': jobs.reduce((sum, job) => sum + job.leaseLosses, 0),
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      seed,
    })
  },
)

/** Kills it at the first moment at which enough requests to it are unanswered, and tells how many they were. */
async function killUnderLoad({ http, process }: ClusterNode): Promise<number> {
  const unanswered = () => [...http.unanswered].filter(({ waits }) => !waits).length
  let count = 0
  const kill = () => {
    count = unanswered()
    if (count < leastUnanswered) return undefined
    return { ended: process.kill() }
  }
  const killed = await until(`${leastUnanswered} unanswered requests`, kill, { everyMs: 1 })
  await killed.ended
  return count
}

async function deafen({ proxy }: ClusterNode, dice: Dice): Promise<void> {
  proxy?.pause()
  await pause(dice.int(100, longestDownMs))
  proxy?.resume()
}

/** Waits until every job has ended, and all of them say so, and answers the jobs. */
async function drain(cluster: Cluster): Promise<Job[]> {
  await cluster.allLive()
  const open = async () => {
    const pages = cluster.nodes.flatMap(({ http }) =>
      (['queued', 'leased'] as const).map((status) => http.must('listJobs', { query: { status, limit: 5 } })),
    )
    return (await Promise.all(pages)).flatMap(({ jobs }) => jobs)
  }
  const ended = async () => {
    const jobs = await open()
    if (jobs.length === 0) return true
    throw new Error(`still open: ${JSON.stringify(jobs[0])}`)
  }
  await until('every job to end', ended, { deadlineMs: drainMs, everyMs: 100 })
  return sameEverywhere(cluster.nodes)
}

function report(facts: Record<string, number>): void {
  const line = Object.entries(facts).map(([name, value]) => `${name} ${value}`)
  process.stdout.write(`mesh kill rounds: ${line.join(', ')}\n`)
}
