import { runLoad } from '../load/run-load.ts'
import { withSystem } from '../run/with-system.ts'
import { type AbsoluteScenario, type Effort, type Figure, scaled } from '../scenario.ts'
import { quantile } from '../statistics.ts'
import { skyclawDurability, startCoordinators, token } from '../systems/skyclaw.ts'
import { startHostDaemon } from '../systems/skyclaw-host.ts'

const payloadBytes = 100
const operations = 300
/** Done before, one at a time as well: coordinators stand for weeks, and the compiler has seen them work. */
const warmUp = 1_000
const target = { bar: 3, goal: 2 }

const figure = (name: string, title: string): Figure => ({ name, title, unit: 'ms', better: 'less' })

/** From the call of a client to the answered claim of a host, at the same coordinator or at two of three. */
async function claimed(folder: string, effort: Effort, count: 1 | 3): Promise<number[]> {
  return withSystem(startCoordinators(folder, count), async ({ urls }) => {
    const amount = { operations: scaled(operations, effort, 20), warmUp: scaled(warmUp, effort, 10) }
    const [clientUrl, hostUrl] = [urls[0]!, urls.at(-1)!]
    const settings = { clientUrl, hostUrl, token, payloadBytes, ...amount }
    return [...(await runLoad('idle-latency', settings)).latencies]
  })
}

async function ran(folder: string, effort: Effort): Promise<number[]> {
  return withSystem(startCoordinators(folder, 1), async ({ urls }) =>
    withSystem(startHostDaemon(folder, 'host', urls, ['date']), async () => {
      const amount = { operations: scaled(operations / 2, effort, 20), warmUp: scaled(operations / 4, effort, 10) }
      return [...(await runLoad('command-latency', { url: urls[0], token, ...amount })).latencies]
    }),
  )
}

export const idleLatency: AbsoluteScenario = {
  kind: 'absolute',
  name: 'idle-latency',
  title: 'From enqueue to start, all idle',
  load: `one job at a time, one waiting host; the answered claims after ${warmUp.toLocaleString('en')} such jobs`,
  durability: skyclawDurability,
  runs: 3,
  figures: [
    { ...figure('claimedP50', 'to the answered claim, one node, p50'), target },
    figure('claimedP99', 'to the answered claim, one node, p99'),
    { ...figure('acrossP50', 'to the answered claim, client and host at different ones of three nodes, p50'), target },
    figure('acrossP99', 'to the answered claim, client and host at different ones of three nodes, p99'),
    figure('ranP50', 'until the command of a host daemon runs, one node, p50'),
    figure('ranP99', 'until the command of a host daemon runs, one node, p99'),
  ],
  async measure(folder, effort) {
    const taken = {
      claimed: await claimed(`${folder}/one`, effort, 1),
      across: await claimed(`${folder}/three`, effort, 3),
      ran: await ran(`${folder}/daemon`, effort),
    }
    return Object.fromEntries(
      Object.entries(taken).flatMap(([name, latencies]) => [
        [`${name}P50`, quantile(latencies, 0.5)],
        [`${name}P99`, quantile(latencies, 0.99)],
      ]),
    )
  },
}
