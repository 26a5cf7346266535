import { randomInt } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { bundleEntry } from '../support/bundle.ts'
import type { ClusterNode } from '../support/cluster-node.ts'
import { Cluster } from '../support/cluster.ts'
import { coordinatorEntry } from '../support/coordinator.ts'
import { FailoverHttp } from '../support/failover-http.ts'
import { startHost } from '../support/host.ts'
import { readJobs, sameEverywhere } from '../support/knowledge.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'
import { Dice } from './dice.ts'
import { Faults } from './faults.ts'
import { check } from './history/check.ts'
import { viewOf } from './history/entry.ts'
import { show, type Violation } from './history/violation.ts'
import { OwnClocks } from './own-clocks.ts'
import { RecordedCaller, Recorder } from './recorder.ts'
import { RecordedClient } from './recorded-client.ts'
import { SimulatedHost } from './simulated-host.ts'
import { SmallDisk } from './small-disk.ts'
import { Witness } from './witness.ts'

// CHAOS_SEED repeats the random choices of an earlier run, though not the timing of its processes.
const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(0xffff_ffff))
/** How long faults are made; starting, healing and checking come on top. */
const seconds = Number(process.env['CHAOS_SECONDS'] ?? 60)

const names = ['a', 'b', 'c', 'd', 'e']
const clientCount = 10
const leaseMs = 3_000
const repairAfterMs = 3_000
/** Whether the load stops, faults are undone and jobs end is a matter of seconds; this is for slow machines. */
const quietDeadlineMs = 120_000
const leaveShare = 0.05
const shownOfKind = 2
const command = 'work'

test(
  'five coordinators keep every promise to clients and hosts, whatever happens to processes, network, disks and clocks',
  { timeout: seconds * 1_000 + 6 * quietDeadlineMs },
  async () => {
    const startedAt = performance.now()
    const dice = new Dice(seed)
    const recorder = new Recorder(seed)
    const clocks = OwnClocks.find()
    const cluster = await prepareCluster(clocks)
    const [first] = cluster.nodes
    const disk = await SmallDisk.mount(first!.folder)
    for (const { folder } of cluster.nodes) clocks?.set(folder, 0)
    await Promise.all(cluster.nodes.map((node) => node.start()))
    await cluster.allLive(cluster.nodes, quietDeadlineMs)

    const ended = new AbortController()
    onTestFinished(() => ended.abort())
    const stage = { cluster, recorder, dice, end: ended.signal }
    const daemons = await startDaemons(cluster)
    const hosts = ['simulated-1', 'simulated-2'].map((id) => simulateHost(id, stage))
    const disks = new Map(disk ? [[first!, disk]] : [])
    const faults = new Faults({ cluster, recorder, dice, clocks, disks, hosts, leaseMs })
    const failed: unknown = await raceThrough(stage, faults).then(
      () => lookInTheEnd(stage, faults, daemons),
      (error: unknown) => error,
    )
    // What was answered until something else went wrong may say why it did.
    const violations = check(recorder.history)
    if (violations.length > 0 || failed !== undefined) throw explain(recorder, faults, violations, failed)
    expectEnough(recorder, faults)
    report(recorder, faults, { clocks, disk, seconds: Math.round((performance.now() - startedAt) / 1_000) })
  },
)

interface Daemon {
  readonly id: string
  /** A line for each job that has run there. */
  readonly file: string
}

/** Writes down how it all ended. Answers what kept it from becoming quiet. */
async function lookInTheEnd(
  { cluster, recorder }: Stage,
  faults: Faults,
  daemons: readonly Daemon[],
): Promise<unknown> {
  const unquiet = await untilQuiet(cluster, faults).then(
    () => undefined,
    (error: unknown) => error,
  )
  for (const node of cluster.nodes) await lookAtAll(node, recorder)
  for (const { id, file } of daemons) recorder.addRuns(id, file)
  return unquiet
}

/** How to repeat it, where all is written, and of each kind of violation some. */
function explain(recorder: Recorder, faults: Faults, violations: readonly Violation[], failed: unknown): Error {
  const logs = [...faults.processes].map(([name, it]): [string, string] => [name, it.stdout() + it.stderr()])
  const lines = [`CHAOS_SEED=${seed} CHAOS_SECONDS=${seconds}: history and logs are in ${recorder.save(new Map(logs))}`]
  if (failed !== undefined) lines.push(failed instanceof Error ? failed.message : JSON.stringify(failed))
  const kinds = Map.groupBy(violations, ({ kind }) => kind)
  for (const [kind, all] of kinds) lines.push(`${kind}, ${all.length} jobs`, `  ${show(all.slice(0, shownOfKind))}`)
  return new Error(lines.join('\n'))
}

interface Stage {
  readonly cluster: Cluster
  readonly recorder: Recorder
  readonly dice: Dice
  /** Aborted when everybody is to be gone. */
  readonly end: AbortSignal
}

async function prepareCluster(clocks: OwnClocks | undefined): Promise<Cluster> {
  const entry = await bundleEntry(coordinatorEntry, tempFolder())
  const env = { SKYCLAW_REPAIR_AFTER_MS: String(repairAfterMs), ...clocks?.env }
  return Cluster.prepare({ names, entry, leaseMs, proxied: true, env })
}

/** Faults under load, a disk that is lost while the others are well, and faults again; then nothing but what is left to do. */
async function raceThrough(stage: Stage, faults: Faults): Promise<void> {
  const { cluster } = stage
  const stop = new AbortController()
  const clients = Promise.all(startClients(stage, stop.signal))
  const round = (act: Promise<void>) => Promise.race([act, faults.crash, clients.then(() => undefined)])
  const heal = async () => {
    await round(cluster.allLive(cluster.nodes, quietDeadlineMs))
    await round(untilKnown(cluster, new Set(stage.recorder.acknowledged)))
  }
  await round(faults.run(AbortSignal.timeout(seconds * 500)))
  await heal()
  await round(faults.wipe())
  await heal()
  await round(faults.run(AbortSignal.timeout(seconds * 500)))
  await heal()
  stop.abort()
  const late = pause(quietDeadlineMs, undefined, { ref: false }).then(() => {
    throw new Error('clients are not answered though all is well')
  })
  await Promise.race([clients, faults.crash, late])
}

function startClients({ cluster, recorder, dice, end }: Stage, stop: AbortSignal): Promise<void>[] {
  const named = new Map(
    cluster.nodes.flatMap(({ url, peerUrl, name }) => [[url, name] as const, [peerUrl, name] as const]),
  )
  return Array.from({ length: clientCount }, (_, index) => {
    const name = `client-${index}`
    const own = dice.fork(name)
    const known = [own.pick(cluster.nodes)!, ...(index % 2 === 0 ? [own.pick(cluster.nodes)!] : [])]
    const coordinators = [...new Set(known.map(({ url }) => url))]
    const nameOf = (url: string) => named.get(url) ?? url
    return new RecordedClient({ name, recorder, dice: own, coordinators, nameOf, command }).run(stop, end)
  })
}

function simulateHost(id: string, { cluster, recorder, dice, end }: Stage): SimulatedHost {
  const own = dice.fork(id)
  const callers = cluster.nodes.map(({ name, http }) => new RecordedCaller(recorder, id, name, http))
  const http = new FailoverHttp(callers, own.int(0, names.length - 1), () => own.chance(leaveShare))
  const stage = { http, dice: own, signal: end, witness: new Witness({ several: true }) }
  const host = new SimulatedHost(stage, { id, capabilities: ['shell'], leaseMs })
  void host.run()
  return host
}

/** Two real ones. Whatever runs there leaves a line in a file, which is its result as well. */
async function startDaemons({ nodes }: Cluster): Promise<Daemon[]> {
  return Promise.all(
    nodes.slice(0, 2).map(async ({ url: coordinatorUrl }, index) => {
      const folder = tempFolder()
      const file = join(folder, 'runs')
      const program = join(folder, 'bin', command)
      mkdirSync(join(folder, 'bin'))
      const lines = ['#!/bin/sh', 'line="$1 $(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen)"', 'sleep 0.1']
      writeFileSync(program, [...lines, `echo "$line" >>${file}`, 'echo "$line"', ''].join('\n'), { mode: 0o755 })
      const { id } = await startHost({
        ...{ folder, coordinatorUrl, name: `daemon-${index + 1}`, allowedCommands: [command], maxParallel: 2 },
        ...{ heartbeatMs: 500, env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` } },
      })
      return { id, file }
    }),
  )
}

/** Waits until each of them shows all these jobs. */
async function untilKnown({ nodes }: Cluster, ids: ReadonlySet<string>): Promise<void> {
  const look = async () => {
    for (const { name, http } of nodes) {
      const known = new Set((await readJobs(http)).map(({ id }) => id))
      const unknown = [...ids].filter((id) => !known.has(id))
      if (unknown.length > 0) throw new Error(`${name} does not list ${unknown.length} jobs, such as ${unknown[0]}`)
    }
    return true
  }
  await until('every coordinator to know all jobs', look, { deadlineMs: quietDeadlineMs, everyMs: 500 })
}

/** Waits until every job has ended and all coordinators say the same. */
async function untilQuiet({ nodes }: Cluster, { crash }: Faults): Promise<void> {
  const open = async () => {
    const pages = nodes.flatMap(({ http }) =>
      (['queued', 'leased'] as const).map((status) => http.must('listJobs', { query: { status, limit: 1 } })),
    )
    const [job] = (await Promise.all(pages)).flatMap(({ jobs }) => jobs)
    if (!job) return true
    throw new Error(`still open: ${JSON.stringify(job)}`)
  }
  await Promise.race([until('every job to end', open, { deadlineMs: quietDeadlineMs, everyMs: 200 }), crash])
  await Promise.race([sameEverywhere(nodes, quietDeadlineMs), crash])
}

async function lookAtAll({ name, http }: ClusterNode, recorder: Recorder): Promise<void> {
  const at = recorder.now()
  const by = { who: 'the test', coordinator: name }
  recorder.answered(at, { ...by, did: 'look', jobs: (await readJobs(http)).map(viewOf) })
  recorder.answered(at, { ...by, did: 'look at all' })
}

/** That all went well says something only when something happened. */
function expectEnough({ entries }: Recorder, { counts }: Faults): void {
  const answered = new Set(entries.filter(({ until: at }) => at !== undefined).map(({ did }) => did))
  expect([...answered]).toEqual(expect.arrayContaining(['enqueue', 'read', 'claim', 'report', 'look', 'wipe']))
  expect(entries.filter(({ did }) => did === 'run').length, 'jobs that ran at daemons').toBeGreaterThan(0)
  expect(counts.size, 'kinds of faults').toBeGreaterThanOrEqual(3)
}

function report(
  { entries, acknowledged }: Recorder,
  { counts }: Faults,
  { clocks, disk, seconds: took }: { clocks: OwnClocks | undefined; disk: SmallDisk | undefined; seconds: number },
): void {
  const skipped = [
    ...(disk ? [] : ['full disks were skipped: no file system may be mounted here']),
    ...(clocks ? [] : ['clock jumps were skipped: there is no libfaketime']),
  ]
  const told = entries.filter(({ did }) => !['wipe', 'fault', 'look', 'look at all'].includes(did))
  const calls = [...Map.groupBy(told, ({ did }) => did)].map(([did, { length }]) => `${did} ${length}`)
  const faults = [...counts].map(([fault, count]) => `${fault} ${count}`)
  const jobs = `jobs acknowledged ${new Set(acknowledged).size}`
  const line = [...faults, ...calls, jobs, ...skipped, `seconds ${took}`, `seed ${seed}`].join(', ')
  process.stdout.write(`chaos: ${line}\n`)
}
