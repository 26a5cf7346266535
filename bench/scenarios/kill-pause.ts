import { setTimeout as sleep } from 'node:timers/promises'
import { runLoad } from '../load/run-load.ts'
import { withSystem } from '../run/with-system.ts'
import type { AbsoluteScenario } from '../scenario.ts'
import { quantile } from '../statistics.ts'
import { startCoordinators, token } from '../systems/skyclaw.ts'

const clients = 60
const durationMs = 12_000
const warmUpMs = 3_000
const killAfterMs = 5_000

export const killPause: AbsoluteScenario = {
  kind: 'absolute',
  name: 'kill-pause',
  title: 'One of three nodes is killed with -9 while clients enqueue',
  load: `${clients} clients with all three URLs, a third of them at the one that dies; the longest time without an answer`,
  durability: 'M = 2: an fsync on two nodes before each answer',
  runs: 5,
  figures: [
    { name: 'p99', title: 'p99 over the clients', unit: 's', better: 'less', target: { bar: 2, goal: 0.5 } },
    { name: 'p50', title: 'p50 over the clients', unit: 's', better: 'less' },
  ],
  measure: (folder) =>
    withSystem(startCoordinators(folder, 3), async ({ urls, processes }) => {
      const load = runLoad('enqueue-through-kill', { urls, token, clients, durationMs, warmUpMs, payloadBytes: 100 })
      const [{ latencies }] = await Promise.all([load, sleep(killAfterMs).then(() => processes[0]!.stop('SIGKILL'))])
      return { p99: quantile(latencies, 0.99) / 1_000, p50: quantile(latencies, 0.5) / 1_000 }
    }),
}
