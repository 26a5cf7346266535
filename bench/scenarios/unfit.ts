import { runLoad } from '../load/run-load.ts'
import { withSystem } from '../run/with-system.ts'
import { type AbsoluteScenario, scaled } from '../scenario.ts'
import { quantile } from '../statistics.ts'
import { placeFilledDatabase } from '../systems/filled-database.ts'
import { skyclawDurability, startCoordinators, token } from '../systems/skyclaw.ts'

const jobs = 1_000_000
const requirementKeys = 200
const operations = 3_000
const target = { bar: 2, goal: 0.5 }

export const unfit: AbsoluteScenario = {
  kind: 'absolute',
  name: 'unfit',
  title: 'A claim by a host that can run nothing of what is queued',
  load: `${jobs.toLocaleString('en')} jobs queued, with ${requirementKeys} requirement keys; one claim at a time`,
  durability: skyclawDurability,
  runs: 3,
  figures: [
    { name: 'p50', title: 'p50', unit: 'ms', better: 'less', target },
    { name: 'p99', title: 'p99', unit: 'ms', better: 'less', target: { bar: target.bar } },
  ],
  async measure(folder, effort) {
    await placeFilledDatabase(folder, { jobs: scaled(jobs, effort), requirementKeys })
    return withSystem(startCoordinators(folder, 1), async ({ urls }) => {
      const amount = { operations: scaled(operations, effort), warmUp: scaled(operations / 3, effort), concurrency: 1 }
      const { latencies } = await runLoad('claim-nothing', { url: urls[0], token, ...amount })
      return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
    })
  },
}
