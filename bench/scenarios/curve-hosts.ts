import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runLoad } from '../load/run-load.ts'
import { type Rate, rateOf } from '../run/measure-rates.ts'
import { withSystem } from '../run/with-system.ts'
import { type CurveScenario, scaled } from '../scenario.ts'
import { type Coordinators, skyclawDurability, startCoordinators, token } from '../systems/skyclaw.ts'
import { areStanding } from '../systems/standing-hosts.ts'

const counts = [1, 10, 50, 100, 200, 500]
const operations = 4_000
const load = { payloadBytes: 100, concurrency: 64, batch: 1 }
const claimMax = 16
const pollMs = 50
const waitMs = 60_000

export const curveHosts: CurveScenario = {
  kind: 'curve',
  name: 'curve-hosts',
  title: 'Rate from enqueue to completion by how many hosts wait',
  load: `one node, ${load.concurrency} enqueues at once; each host beats, waits for changes and for up to ${claimMax} jobs`,
  durability: skyclawDurability,
  runs: 3,
  x: { label: 'hosts', scale: 'log' },
  y: { label: 'jobs/s', scale: 'linear' },
  async measure(folder, effort) {
    const points = []
    for (const hosts of counts) {
      const jobs = scaled(operations, effort)
      const rate = await withSystem(startCoordinators(join(folder, String(hosts)), 1), (nodes) =>
        enqueueForHosts(nodes, hosts, jobs),
      )
      points.push([hosts, rate] as const)
    }
    return [
      {
        name: 'enqueue, claim and complete',
        points: points.map(([hosts, { bySecond }]) => [hosts, bySecond] as const),
      },
      {
        name: 'the same, for each second of processor',
        points: points.map(([hosts, { byProcessorSecond }]) => [hosts, byProcessorSecond] as const),
      },
    ]
  },
}

/** From the last job of the warm-up that a host completes to the last of all. */
async function enqueueForHosts(nodes: Coordinators, hosts: number, jobs: number): Promise<Rate> {
  const { urls } = nodes
  const amount = { operations: jobs, warmUp: Math.ceil(jobs / 4) }
  const completing = runLoad('standing-hosts', { urls, token, hosts, claimMax, ...amount })
  await Promise.race([completing, untilStanding(urls, hosts)])
  return rateOf(nodes, jobs, async () => {
    const [completed] = await Promise.all([completing, runLoad('skyclaw-enqueue', { urls, token, ...load, ...amount })])
    return completed
  })
}

async function untilStanding(urls: readonly string[], hosts: number): Promise<void> {
  const deadline = performance.now() + waitMs
  while (!(await areStanding({ urls, hosts }))) {
    if (performance.now() > deadline) throw new Error(`${hosts} hosts were not registered within ${waitMs / 1_000} s`)
    await sleep(pollMs)
  }
}
