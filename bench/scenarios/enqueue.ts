import { runLoad } from '../load/run-load.ts'
import { type Approach, type Jobs, sideOf } from '../run/side-of.ts'
import type { RatioScenario, Side } from '../scenario.ts'
import { countBullmqJobs, countSkyclawJobs } from '../systems/count-jobs.ts'
import { type Redis, redisDurability, redisMissing, redisSettings, startRedis } from '../systems/redis.ts'
import { type Coordinators, skyclawDurability, startCoordinators, token } from '../systems/skyclaw.ts'
import { bullmqVersion, skyclawVersion } from '../systems/versions.ts'

const payloadBytes = 100
const concurrency = 64
const size = { jobs: 40_000, counted: 2_000 }

const loadOf = ({ measured, warmUp }: Jobs, batch: number) => ({
  ...{ payloadBytes, concurrency, batch },
  operations: measured / batch,
  warmUp: warmUp / batch,
})

function skyclaw(batch: number): Approach<Coordinators> {
  return {
    name: 'skyclaw',
    durability: skyclawDurability,
    version: skyclawVersion,
    start: (folder) => startCoordinators(folder, 1),
    load: ({ urls }, jobs) => runLoad('skyclaw-enqueue', { urls, token, ...loadOf(jobs, batch) }),
    count: ({ urls }, expected) => countSkyclawJobs(urls[0]!, 'queued', expected),
  }
}

function bullmq(batch: number): Approach<Redis> {
  return {
    name: 'bullmq',
    durability: redisDurability,
    settings: redisSettings,
    missing: redisMissing,
    version: bullmqVersion,
    start: startRedis,
    load: ({ port }, jobs) => runLoad('bullmq-enqueue', { port, ...loadOf(jobs, batch) }),
    count: ({ port }) => countBullmqJobs(port, 'waiting'),
  }
}

const sides = (batch: number): [Side, Side] => [
  sideOf(skyclaw(batch), { ...size, batch }),
  sideOf(bullmq(batch), { ...size, batch }),
]

export const enqueue: RatioScenario = {
  kind: 'ratio',
  name: 'enqueue',
  title: 'Enqueue, one node, one client process',
  unit: 'jobs/s',
  better: 'more',
  load: `${concurrency} calls at once, payload of ${payloadBytes} bytes; each client opens the connections it wants`,
  target: { bar: 0.6, goal: 1 },
  sides: sides(1),
  runs: 5,
  shortScale: 0.15,
}

export const batch: RatioScenario = {
  kind: 'ratio',
  name: 'batch',
  title: 'Enqueue 100 in one request, one node, one client process',
  unit: 'jobs/s',
  better: 'more',
  load: `${concurrency} requests of 100 jobs at once, payload of ${payloadBytes} bytes`,
  target: { bar: 0.7, goal: 1 },
  sides: sides(100),
  runs: 5,
  shortScale: 0.2,
}
