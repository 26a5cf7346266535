import { routes } from '@skyclaw/protocol'
import { runLoad } from '../load/run-load.ts'
import { payloadOf } from '../load/payload.ts'
import { type Measurement, type RatioScenario, scaled, type Side } from '../scenario.ts'
import { quantile } from '../statistics.ts'
import { etcdDurability, etcdMissing, etcdPutPath, startEtcd } from '../systems/etcd.ts'
import { startCoordinators, token } from '../systems/skyclaw.ts'
import { etcdVersion, skyclawVersion } from '../systems/versions.ts'

const payload = payloadOf(100)
const value = Buffer.from(JSON.stringify({ payload })).toString('base64')

const requests = {
  skyclaw: { path: routes.enqueueJob.path, headers: { 'x-skyclaw-token': token }, body: JSON.stringify({ payload }) },
  etcd: { path: etcdPutPath, headers: {}, body: JSON.stringify({ key: '{key}', value }) },
}

/** A key of eight digits in base64, a new one each time: the number is put in behind a fixed text of whole base64 groups. */
const etcdBody = requests.etcd.body.replace('{key}', `${Buffer.from('job').toString('base64')}{n}`)

interface Shape {
  readonly concurrency: number
  readonly operations: number
  readonly read: (result: Awaited<ReturnType<typeof runLoad>>) => Measurement
}

function skyclaw({ concurrency, operations, read }: Shape): Side {
  return {
    name: 'skyclaw',
    durability: 'M = 2: an fsync on two nodes before each answer',
    version: skyclawVersion,
    async measure(folder, effort) {
      const nodes = await startCoordinators(folder, 3)
      try {
        const count = scaled(operations, effort)
        const { urls } = nodes
        return read(
          await runLoad('raw-http', { urls, ...requests.skyclaw, concurrency, operations: count, warmUp: count / 5 }),
        )
      } finally {
        await nodes.stop()
      }
    },
  }
}

function etcd({ concurrency, operations, read }: Shape): Side {
  return {
    name: 'etcd',
    durability: etcdDurability,
    missing: etcdMissing,
    version: etcdVersion,
    async measure(folder, effort) {
      const cluster = await startEtcd(folder, 3)
      try {
        const count = scaled(operations, effort)
        const request = { ...requests.etcd, body: etcdBody }
        return read(
          await runLoad('raw-http', {
            urls: cluster.urls,
            ...request,
            base64Numbers: true,
            concurrency,
            operations: count,
            warmUp: count / 5,
          }),
        )
      } finally {
        await cluster.stop()
      }
    },
  }
}

const many: Shape = {
  concurrency: 64,
  operations: 6_000,
  read: ({ operations, elapsedMs, latencies }) => ({
    value: (operations * 1_000) / elapsedMs,
    details: { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) },
  }),
}

const single: Shape = {
  concurrency: 1,
  operations: 1_500,
  read: ({ operations, elapsedMs, latencies }) => ({
    value: (operations * 1_000) / elapsedMs,
    details: { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) },
  }),
}

export const threeNodes: RatioScenario = {
  kind: 'ratio',
  name: 'three-nodes',
  title: 'Enqueue, three nodes, raw HTTP',
  unit: 'requests/s',
  better: 'more',
  load: '64 at once, spread over the nodes, payload of about 100 bytes',
  target: { bar: 0.8, goal: 1.5 },
  sides: [skyclaw(many), etcd(many)],
  runs: 5,
}

export const threeNodesSingle: RatioScenario = {
  kind: 'ratio',
  name: 'three-nodes-single',
  title: 'Enqueue, three nodes, one at a time',
  unit: 'requests/s',
  better: 'more',
  load: 'one at a time, raw HTTP, nodes in turn, payload of about 100 bytes',
  target: { bar: 0.7, goal: 1 },
  sides: [skyclaw(single), etcd(single)],
  runs: 5,
}
