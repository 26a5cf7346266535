import { runLoad } from '../load/run-load.ts'
import { withSystem } from '../run/with-system.ts'
import { type AbsoluteScenario, scaled } from '../scenario.ts'
import { quantile } from '../statistics.ts'
import { startCoordinators, token } from '../systems/skyclaw.ts'

const payloadBytes = 100
const atOnce = 64
const one = { concurrency: 1, operations: 3_000, warmUp: 1_500 }
const many = { concurrency: atOnce, operations: 16_000, warmUp: 8_000 }

/** As users enqueue: by the client, whose calls all bear a key, so that the coordinators have to make sure that nobody has a job of it. */
export const networkEnqueue: AbsoluteScenario = {
  kind: 'absolute',
  name: 'network-enqueue',
  title: 'Enqueue by the client, three nodes',
  load: `one call at a time, then ${atOnce} at once, payload of ${payloadBytes} bytes, each with an idempotency key`,
  durability: 'M = 2: an fsync on two nodes before each answer',
  runs: 3,
  figures: [
    { name: 'singleP50', title: 'one at a time, p50', unit: 'ms', better: 'less' },
    { name: 'singleP99', title: 'one at a time, p99', unit: 'ms', better: 'less' },
    { name: 'rate', title: `${atOnce} at once`, unit: 'jobs/s', better: 'more' },
  ],
  measure: (folder, effort) =>
    withSystem(startCoordinators(folder, 3), async ({ urls }) => {
      const load = ({ concurrency, operations, warmUp }: typeof one) =>
        runLoad('skyclaw-enqueue', {
          ...{ urls, token, payloadBytes, batch: 1, concurrency },
          operations: scaled(operations, effort, 20),
          warmUp: scaled(warmUp, effort, 10),
        })
      const { latencies } = await load(one)
      const { operations, elapsedMs } = await load(many)
      return {
        singleP50: quantile(latencies, 0.5),
        singleP99: quantile(latencies, 0.99),
        rate: operations / (elapsedMs / 1_000),
      }
    }),
}
