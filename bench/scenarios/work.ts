import { runLoad } from '../load/run-load.ts'
import { type Measurement, type RatioScenario, scaled, type Side } from '../scenario.ts'
import { redisDurability, redisMissing, startRedis } from '../systems/redis.ts'
import { startCoordinators, token } from '../systems/skyclaw.ts'
import { bullmqVersion, skyclawVersion } from '../systems/versions.ts'

const operations = 5_000
const concurrency = 64
const claimMax = 16
const fill = { payloadBytes: 100, concurrency, batch: 100, warmUp: 0 }

const rate = ({ operations: done, elapsedMs }: Awaited<ReturnType<typeof runLoad>>): Measurement => ({
  value: (done * 1_000) / elapsedMs,
})

const skyclaw: Side = {
  name: 'skyclaw',
  durability: 'SQLite synchronous=FULL',
  version: skyclawVersion,
  async measure(folder, effort) {
    const nodes = await startCoordinators(folder, 1)
    try {
      const { urls } = nodes
      const count = scaled(operations, effort)
      await runLoad('skyclaw-enqueue', { urls, token, ...fill, operations: Math.ceil(count / fill.batch) })
      return rate(await runLoad('skyclaw-work', { urls, token, operations: count, concurrency, claimMax }))
    } finally {
      await nodes.stop()
    }
  },
}

const bullmq: Side = {
  name: 'bullmq',
  durability: redisDurability,
  missing: redisMissing,
  version: bullmqVersion,
  async measure(folder, effort) {
    const redis = await startRedis(folder)
    try {
      const { port } = redis
      const count = scaled(operations, effort)
      await runLoad('bullmq-enqueue', { port, ...fill, operations: Math.ceil(count / fill.batch) })
      return rate(await runLoad('bullmq-work', { port, operations: count, concurrency }))
    } finally {
      await redis.stop()
    }
  },
}

export const work: RatioScenario = {
  kind: 'ratio',
  name: 'work',
  title: 'Claim and complete, one node',
  unit: 'jobs/s',
  better: 'more',
  load: `${concurrency} jobs at once, ours claimed up to ${claimMax} at a time; nothing is executed`,
  target: { bar: 0.6, goal: 1 },
  sides: [skyclaw, bullmq],
  runs: 5,
}
