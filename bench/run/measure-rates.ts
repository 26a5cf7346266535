import { runLoad } from '../load/run-load.ts'
import { everyCapability } from '../load/requirements.ts'
import type { Series } from '../scenario.ts'
import { type Coordinators, token } from '../systems/skyclaw.ts'

/** What both loads of a measurement have in common. */
export interface RateLoad {
  /** Jobs that count; a quarter more come before them. */
  readonly jobs: number
  readonly payloadBytes: number
  readonly concurrency: number
  readonly requirementKeys: number
}

export interface Rate {
  /** Jobs a second. */
  readonly bySecond: number
  /** Jobs for each second of processor time of all coordinators together. */
  readonly byProcessorSecond: number
}

export interface Rates {
  readonly enqueue: Rate
  readonly work: Rate
}

const warmUpShare = 0.25
const claimMax = 16

/** Enqueues some jobs, then claims and completes as many: afterwards as many are queued as before. */
export async function measureRates(
  nodes: Coordinators,
  { jobs, payloadBytes, concurrency, requirementKeys }: RateLoad,
): Promise<Rates> {
  const common = { urls: nodes.urls, token, concurrency, operations: jobs, warmUp: Math.ceil(jobs * warmUpShare) }
  const enqueue = { ...common, payloadBytes, requirementKeys, batch: 1 }
  const work = { ...common, claimMax, capabilities: everyCapability }
  return {
    enqueue: await rateOf(nodes, jobs, () => runLoad('skyclaw-enqueue', enqueue)),
    work: await rateOf(nodes, jobs, () => runLoad('skyclaw-work', work)),
  }
}

/** Runs a load of so many jobs, and a warm-up before them. */
export async function rateOf(
  { processes }: Pick<Coordinators, 'processes'>,
  jobs: number,
  load: () => Promise<{ readonly elapsedMs: number }>,
): Promise<Rate> {
  const cpuMs = () => processes.reduce((sum, one) => sum + one.cpuMs, 0)
  const before = cpuMs()
  const { elapsedMs } = await load()
  const all = jobs + Math.ceil(jobs * warmUpShare)
  return { bySecond: (jobs * 1_000) / elapsedMs, byProcessorSecond: (all * 1_000) / (cpuMs() - before) }
}

/** The lines of a plot from what was measured at each x. */
export function seriesOf(points: readonly (readonly [x: number, rates: Rates])[]): Series[] {
  const line = (name: string, valueOf: (rates: Rates) => number): Series => {
    return { name, points: points.map(([x, rates]) => [x, valueOf(rates)]) }
  }
  return [
    line('enqueue', ({ enqueue }) => enqueue.bySecond),
    line('claim and complete', ({ work }) => work.bySecond),
    line('enqueue, for each second of processor', ({ enqueue }) => enqueue.byProcessorSecond),
    line('claim and complete, for each second of processor', ({ work }) => work.byProcessorSecond),
  ]
}
