import { join } from 'node:path'
import { measureRates, seriesOf } from '../run/measure-rates.ts'
import { withSystem } from '../run/with-system.ts'
import { type CurveScenario, scaled } from '../scenario.ts'
import { startCoordinators } from '../systems/skyclaw.ts'

const counts = [1, 2, 3, 4, 5, 6, 7]
const operations = 4_000
const load = { payloadBytes: 100, concurrency: 64, requirementKeys: 1 }

export const curveNodes: CurveScenario = {
  kind: 'curve',
  name: 'curve-nodes',
  title: 'Rates by how many coordinators there are, all on one machine',
  load: `${load.concurrency} at once, all at one of them, payload of ${load.payloadBytes} bytes`,
  durability: 'M = 2, with one node 1: an fsync on that many before each answer',
  runs: 3,
  x: { label: 'coordinators', scale: 'linear' },
  y: { label: 'jobs/s', scale: 'linear' },
  async measure(folder, effort) {
    const points = []
    for (const count of counts) {
      const jobs = scaled(operations, effort)
      const rates = await withSystem(startCoordinators(join(folder, String(count)), count), (nodes) =>
        measureRates(nodes, { ...load, jobs }),
      )
      points.push([count, rates] as const)
    }
    return seriesOf(points)
  },
}
