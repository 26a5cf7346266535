import { join } from 'node:path'
import { measureRates, seriesOf } from '../run/measure-rates.ts'
import { withSystem } from '../run/with-system.ts'
import { type CurveScenario, scaled } from '../scenario.ts'
import { skyclawDurability, startCoordinators } from '../systems/skyclaw.ts'

const sizes = [100, 1_024, 4_096, 16_384, 65_536, 262_144]
const operations = 6_000
/** Fewer of the large ones: so many bytes altogether at most. */
const bytesAtMost = 256 * 1_048_576
const load = { concurrency: 64, requirementKeys: 1 }

export const curvePayload: CurveScenario = {
  kind: 'curve',
  name: 'curve-payload',
  title: 'Rates by how large the jobs are',
  load: `one node, ${load.concurrency} at once`,
  durability: skyclawDurability,
  runs: 3,
  x: { label: 'bytes of payload', scale: 'log' },
  y: { label: 'jobs/s', scale: 'log' },
  async measure(folder, effort) {
    const points = []
    for (const payloadBytes of sizes) {
      const jobs = Math.min(scaled(operations, effort), Math.floor(bytesAtMost / payloadBytes))
      const rates = await withSystem(startCoordinators(join(folder, String(payloadBytes)), 1), (nodes) =>
        measureRates(nodes, { ...load, payloadBytes, jobs }),
      )
      points.push([payloadBytes, rates] as const)
    }
    return seriesOf(points)
  },
}
