import type { LoadResult } from '../load/drive.ts'
import { type Effort, type Measurement, scaled, type Side } from '../scenario.ts'
import type { ServerProcess } from '../server-process.ts'
import { quantile } from '../statistics.ts'
import { canCountSyncs, countSyncs } from './count-syncs.ts'
import { withSystem } from './with-system.ts'

/** Of the measured jobs as many again, before them: servers run for weeks, and a just-in-time compiler needs some thousand calls. */
const warmUpShare = 0.5

export interface System {
  readonly processes: readonly ServerProcess[]
  stop(): Promise<void>
}

/** How many jobs a run has: those that count come after those that warm it up. All are whole batches. */
export interface Jobs {
  readonly warmUp: number
  readonly measured: number
}

/** How one system is put under a load. */
export interface Approach<S extends System> extends Pick<
  Side,
  'name' | 'durability' | 'settings' | 'missing' | 'version'
> {
  readonly start: (folder: string) => Promise<S>
  /** What must be there before the measuring begins. */
  readonly prepare?: (system: S, jobs: Jobs) => Promise<unknown>
  readonly load: (system: S, jobs: Jobs) => Promise<LoadResult>
  /** How many jobs the system has in the state the load brings them to; waits a little for those that are `expected`. */
  readonly count: (system: S, expected: number) => Promise<number>
}

export interface Size {
  /** Of a whole run, without its warm-up. */
  readonly jobs: number
  /** Of the run in which fsyncs are counted. */
  readonly counted: number
  /** Jobs of one call. */
  readonly batch?: number
}

/** A side that starts a system, loads it, and makes sure that every job arrived. */
export function sideOf<S extends System>(approach: Approach<S>, { jobs, counted, batch = 1 }: Size): Side {
  const { name, durability, settings, missing, version } = approach
  const verify = async (system: S, { measured, warmUp }: Jobs) => {
    const all = measured + warmUp
    const found = await approach.count(system, all)
    if (found !== all) throw new Error(`${name} has ${found} jobs after ${all} were done: the run does not count`)
  }
  return {
    ...{ name, durability, version },
    ...(settings !== undefined && { settings }),
    ...(missing && { missing }),
    measure: (folder: string, effort: Effort) =>
      withSystem(approach.start(folder), async (system) => {
        const amount = amountOf(scaled(jobs, effort, Math.max(200, 20 * batch)), batch)
        await approach.prepare?.(system, amount)
        const measurement = await underLoad(system, amount, () => approach.load(system, amount))
        await verify(system, amount)
        return measurement
      }),
    syncsPerOperation: async (folder: string) => {
      if (!(await canCountSyncs())) return undefined
      return withSystem(approach.start(folder), async (system) => {
        const amount = amountOf(counted, batch)
        await approach.prepare?.(system, amount)
        const pids = system.processes.map(({ pid }) => pid)
        const syncs = await countSyncs(pids, () => approach.load(system, amount))
        if (syncs === undefined) return undefined
        await verify(system, amount)
        return syncs / (amount.measured + amount.warmUp)
      })
    },
  }
}

function amountOf(jobs: number, batch: number): Jobs {
  const whole = (count: number) => Math.ceil(count / batch) * batch
  return { measured: whole(jobs), warmUp: whole(jobs * warmUpShare) }
}

async function underLoad(
  system: System,
  { warmUp, measured: jobs }: Jobs,
  load: () => Promise<LoadResult>,
): Promise<Measurement> {
  const cpuMs = () => system.processes.reduce((sum, process) => sum + process.cpuMs, 0)
  const before = cpuMs()
  const { elapsedMs, latencies } = await load()
  const serverUs = ((cpuMs() - before) * 1_000) / (jobs + warmUp)
  const waits = latencies.length === 0 ? {} : { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) }
  return { value: (jobs * 1_000) / elapsedMs, details: { ...waits, serverUs } }
}
