import { routes } from '@skyclaw/protocol'
import { payloadOf } from '../load/payload.ts'
import { runLoad } from '../load/run-load.ts'
import { type Approach, type Jobs, sideOf, type Size } from '../run/side-of.ts'
import type { RatioScenario, Side } from '../scenario.ts'
import { countEtcdKeys, countSkyclawJobs } from '../systems/count-jobs.ts'
import { type Etcd, etcdDurability, etcdMissing, etcdPutPath, etcdSettings, startEtcd } from '../systems/etcd.ts'
import { type Coordinators, startCoordinators, token } from '../systems/skyclaw.ts'
import { etcdVersion, skyclawVersion } from '../systems/versions.ts'

const payloadBytes = 100
const keyPrefix = 'job'
const job = JSON.stringify({ payload: payloadOf(payloadBytes) })
const headers = { 'x-skyclaw-token': token }
// The number is put in behind a prefix of whole groups of base64.
const put = JSON.stringify({ key: `${btoa(keyPrefix)}{n}`, value: btoa(job) })

const loadOf = ({ measured, warmUp }: Jobs, concurrency: number) => ({ operations: measured, warmUp, concurrency })

function skyclaw(concurrency: number): Approach<Coordinators> {
  const request = { path: routes.enqueueJob.path, headers, body: job }
  return {
    name: 'skyclaw',
    durability: 'SQLite, M = 2: its write-ahead log synced on two nodes before each answer',
    version: skyclawVersion,
    start: (folder) => startCoordinators(folder, 3),
    load: ({ urls }, jobs) => runLoad('raw-http', { urls, ...request, ...loadOf(jobs, concurrency) }),
    count: ({ urls }, expected) => countSkyclawJobs(urls[0]!, 'queued', expected),
  }
}

function etcd(concurrency: number): Approach<Etcd> {
  const request = { path: etcdPutPath, headers: {}, body: put, base64Numbers: true }
  return {
    name: 'etcd',
    durability: etcdDurability,
    settings: etcdSettings,
    missing: etcdMissing,
    version: etcdVersion,
    start: (folder) => startEtcd(folder, 3),
    load: ({ urls }, jobs) => runLoad('raw-http', { urls, ...request, ...loadOf(jobs, concurrency) }),
    count: ({ urls }) => countEtcdKeys(urls[0]!, keyPrefix),
  }
}

const sides = (concurrency: number, size: Size): [Side, Side] => [
  sideOf(skyclaw(concurrency), size),
  sideOf(etcd(concurrency), size),
]

export const threeNodes: RatioScenario = {
  kind: 'ratio',
  name: 'three-nodes',
  title: 'Enqueue, three nodes, raw HTTP, against a put',
  unit: 'requests/s',
  better: 'more',
  load: `64 at once over 66 connections, nodes in turn, a value of ${job.length} bytes`,
  target: { bar: 0.8, goal: 1.5 },
  sides: sides(64, { jobs: 16_000, counted: 2_000 }),
  runs: 5,
  shortScale: 0.1,
}

export const threeNodesSingle: RatioScenario = {
  kind: 'ratio',
  name: 'three-nodes-single',
  title: 'Enqueue, three nodes, one at a time, against a put',
  unit: 'requests/s',
  better: 'more',
  load: `one at a time over three connections, nodes in turn, a value of ${job.length} bytes`,
  target: { bar: 0.7, goal: 1 },
  sides: sides(1, { jobs: 3_000, counted: 500 }),
  runs: 5,
}
