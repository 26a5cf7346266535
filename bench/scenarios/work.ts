import { runLoad } from '../load/run-load.ts'
import { type Approach, type Jobs, sideOf } from '../run/side-of.ts'
import type { RatioScenario } from '../scenario.ts'
import { countBullmqJobs, countSkyclawJobs } from '../systems/count-jobs.ts'
import { type Redis, redisDurability, redisMissing, redisSettings, startRedis } from '../systems/redis.ts'
import { type Coordinators, skyclawDurability, startCoordinators, token } from '../systems/skyclaw.ts'
import { bullmqVersion, skyclawVersion } from '../systems/versions.ts'

const payloadBytes = 100
const concurrency = 64
const size = { jobs: 20_000, counted: 2_000, batch: 100 }

const fillOf = ({ measured, warmUp }: Jobs) => ({
  ...{ payloadBytes, concurrency: 4, batch: size.batch, warmUp: 0 },
  operations: (measured + warmUp) / size.batch,
})
const loadOf = ({ measured, warmUp }: Jobs) => ({ operations: measured, warmUp, concurrency })

const skyclaw: Approach<Coordinators> = {
  name: 'skyclaw',
  durability: skyclawDurability,
  version: skyclawVersion,
  start: (folder) => startCoordinators(folder, 1),
  prepare: ({ urls }, jobs) => runLoad('skyclaw-enqueue', { urls, token, ...fillOf(jobs) }),
  load: ({ urls }, jobs) => runLoad('skyclaw-work', { urls, token, claimMax: concurrency, ...loadOf(jobs) }),
  count: ({ urls }, expected) => countSkyclawJobs(urls[0]!, 'completed', expected),
}

const bullmq: Approach<Redis> = {
  name: 'bullmq',
  durability: redisDurability,
  settings: redisSettings,
  missing: redisMissing,
  version: bullmqVersion,
  start: startRedis,
  prepare: ({ port }, jobs) => runLoad('bullmq-enqueue', { port, ...fillOf(jobs) }),
  load: ({ port }, jobs) => runLoad('bullmq-work', { port, ...loadOf(jobs) }),
  count: ({ port }) => countBullmqJobs(port, 'completed'),
}

export const work: RatioScenario = {
  kind: 'ratio',
  name: 'work',
  title: 'Claim and complete, one node, one worker process',
  unit: 'jobs/s',
  better: 'more',
  load: `${concurrency} jobs at once, payload of ${payloadBytes} bytes, nothing executed`,
  target: { bar: 0.6, goal: 1 },
  sides: [sideOf(skyclaw, size), sideOf(bullmq, size)],
  runs: 5,
  shortScale: 0.15,
}
