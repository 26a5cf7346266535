import { measureRates, seriesOf } from '../run/measure-rates.ts'
import { inFolder } from '../run/children.ts'
import { withSystem } from '../run/with-system.ts'
import { type CurveScenario, scaled } from '../scenario.ts'
import { placeFilledDatabase } from '../systems/filled-database.ts'
import { skyclawDurability, startCoordinators } from '../systems/skyclaw.ts'

const lengths = [100, 1_000, 10_000, 100_000, 1_000_000]
const operations = 8_000
const load = { payloadBytes: 100, concurrency: 64, requirementKeys: 1 }

export const curveQueue: CurveScenario = {
  kind: 'curve',
  name: 'curve-queue',
  title: 'Rates by how many jobs are queued',
  load: `one node, ${load.concurrency} at once, payload of ${load.payloadBytes} bytes`,
  durability: skyclawDurability,
  runs: 3,
  x: { label: 'jobs queued', scale: 'log' },
  y: { label: 'jobs/s', scale: 'linear' },
  async measure(_, effort) {
    const longest = scaled(lengths.at(-1)!, effort, lengths[0])
    const points = []
    for (const length of lengths.filter((one) => one <= longest)) {
      const rates = await inFolder(async (folder) => {
        await placeFilledDatabase(folder, { jobs: length, requirementKeys: load.requirementKeys })
        const jobs = scaled(operations, effort)
        return withSystem(startCoordinators(folder, 1), (nodes) => measureRates(nodes, { ...load, jobs }))
      })
      points.push([length, rates] as const)
    }
    return seriesOf(points)
  },
}
