import { runLoad } from '../load/run-load.ts'
import { type Measurement, type RatioScenario, scaled, type Side } from '../scenario.ts'
import { countSyncs } from '../server-process.ts'
import { quantile } from '../statistics.ts'
import { redisDurability, redisMissing, startRedis } from '../systems/redis.ts'
import { startCoordinators, token } from '../systems/skyclaw.ts'
import { bullmqVersion, skyclawVersion } from '../systems/versions.ts'

const payloadBytes = 100
const concurrency = 64
const operations = 10_000
const countedOperations = 2_000

interface Shape {
  readonly batch: number
}

function skyclaw({ batch }: Shape): Side {
  const load = (urls: readonly string[], count: number) =>
    runLoad('skyclaw-enqueue', {
      urls,
      token,
      payloadBytes,
      concurrency,
      batch,
      operations: count / batch,
      warmUp: count / batch / 5,
    })
  return {
    name: 'skyclaw',
    durability: 'SQLite synchronous=FULL: an fsync before each answer, shared by what waits',
    version: skyclawVersion,
    async measure(folder, effort) {
      const nodes = await startCoordinators(folder, 1)
      try {
        return toMeasurement(await load(nodes.urls, scaled(operations, effort, batch * 20)), batch)
      } finally {
        await nodes.stop()
      }
    },
    async syncsPerOperation(folder) {
      const nodes = await startCoordinators(folder, 1)
      try {
        const pids = nodes.processes.map(({ pid }) => pid)
        const syncs = await countSyncs(pids, async () => void (await load(nodes.urls, countedOperations)))
        return syncs === undefined ? undefined : syncs / countedOperations / 1.2
      } finally {
        await nodes.stop()
      }
    },
  }
}

function bullmq({ batch }: Shape): Side {
  const load = (port: number, count: number) =>
    runLoad('bullmq-enqueue', {
      port,
      payloadBytes,
      concurrency,
      batch,
      operations: count / batch,
      warmUp: count / batch / 5,
    })
  return {
    name: 'bullmq',
    durability: redisDurability,
    missing: redisMissing,
    version: bullmqVersion,
    async measure(folder, effort) {
      const redis = await startRedis(folder)
      try {
        return toMeasurement(await load(redis.port, scaled(operations, effort, batch * 20)), batch)
      } finally {
        await redis.stop()
      }
    },
    async syncsPerOperation(folder) {
      const redis = await startRedis(folder)
      try {
        const syncs = await countSyncs(
          [redis.process.pid],
          async () => void (await load(redis.port, countedOperations)),
        )
        return syncs === undefined ? undefined : syncs / countedOperations / 1.2
      } finally {
        await redis.stop()
      }
    },
  }
}

function toMeasurement(result: Awaited<ReturnType<typeof runLoad>>, batch: number): Measurement {
  return {
    value: (result.operations * batch * 1_000) / result.elapsedMs,
    details: { p50Ms: quantile(result.latencies, 0.5), p99Ms: quantile(result.latencies, 0.99) },
  }
}

export const enqueue: RatioScenario = {
  kind: 'ratio',
  name: 'enqueue',
  title: 'Enqueue, one node, one client process',
  unit: 'jobs/s',
  better: 'more',
  load: `${concurrency} at once, payload of about ${payloadBytes} bytes`,
  target: { bar: 0.6, goal: 1 },
  sides: [skyclaw({ batch: 1 }), bullmq({ batch: 1 })],
  runs: 5,
}

export const batch: RatioScenario = {
  kind: 'ratio',
  name: 'batch',
  title: 'Enqueue 100 in one request, one node, one client process',
  unit: 'jobs/s',
  better: 'more',
  load: `${concurrency} requests of 100 at once, payload of about ${payloadBytes} bytes`,
  target: { bar: 0.7, goal: 1 },
  sides: [skyclaw({ batch: 100 }), bullmq({ batch: 100 })],
  runs: 5,
}
