import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { withSystem } from '../run/with-system.ts'
import { type AbsoluteScenario, type Effort, scaled } from '../scenario.ts'
import type { ServerProcess } from '../server-process.ts'
import { skyclawDurability, startCoordinators, token } from '../systems/skyclaw.ts'
import { startHostDaemon } from '../systems/skyclaw-host.ts'
import { startStandingHosts } from '../systems/standing-hosts.ts'

const hosts = 100
/** Of what is asked of it in this time, the compiler has seen enough: a coordinator stands for weeks. */
const settleMs = 60_000
const measuredMs = 60_000
const leastMs = 10_000
const target = { bar: 1 }

/** Per cent of one core that a process uses while nothing is asked of it. */
async function share(process: ServerProcess, effort: Effort): Promise<number> {
  await sleep(scaled(settleMs, effort, leastMs))
  const startedAt = performance.now()
  const before = process.cpuMs
  await sleep(scaled(measuredMs, effort, leastMs))
  return ((process.cpuMs - before) * 100) / (performance.now() - startedAt)
}

export const idle: AbsoluteScenario = {
  kind: 'absolute',
  name: 'idle',
  title: 'Processor time when there is nothing to do',
  load: `hosts that beat every 10 s, as they do without jobs, and wait for jobs; ${measuredMs / 1_000} s`,
  durability: skyclawDurability,
  runs: 1,
  figures: [
    {
      ...{ name: 'coordinator', title: `a coordinator with ${hosts} idle hosts`, unit: '% of a core', better: 'less' },
      target,
    },
    { name: 'alone', title: 'a coordinator without hosts', unit: '% of a core', better: 'less' },
    { ...{ name: 'daemon', title: 'an idle host daemon', unit: '% of a core', better: 'less' }, target },
  ],
  measure: (folder, effort) =>
    withSystem(startCoordinators(folder, 1), async ({ urls, processes }) => {
      const [coordinator] = processes
      const alone = await share(coordinator!, effort)
      const daemon = await withSystem(startHostDaemon(folder, 'daemon', urls, ['echo']), (one) => share(one, effort))
      const settings = { urls, token, hosts, claimMax: 1, warmUp: 0 }
      const withHosts = await withSystem(startStandingHosts(join(folder, 'hosts'), settings), () =>
        share(coordinator!, effort),
      )
      return { alone, daemon, coordinator: withHosts }
    }),
}
