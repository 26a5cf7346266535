import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadProcess } from './load-process.ts'
import { type Phase, type Sample, type Sampler, total } from './sampler.ts'
import type { Wish } from './wish.ts'

const stepMs = 250
const stepsOfSample = 4
const shownEverySamples = 10
/** No completion for so long while jobs wait: the load test has failed. */
const stuckSeconds = 120

/**
 * Fills the queue ahead, has both sides work at a long queue until half of the jobs are enqueued, has the hosts drain it, then has both
 * work at a short queue until all are enqueued, and the hosts finish. Resolves when every acknowledged job is reported.
 */
export async function run(
  wish: Wish,
  sampler: Sampler,
  clients: readonly LoadProcess[],
  hosts: readonly LoadProcess[],
): Promise<void> {
  let phase: Phase = 'fill'
  let jobs = wish.jobs
  let progress = { completed: 0, at: sampler.seconds }
  for (let step = 0; ; step += 1) {
    const [enqueued, completed] = [total(clients), total(hosts)]
    if (sampler.seconds > wish.maxSeconds) jobs = Math.min(jobs, enqueued)
    const next = phaseAfter(phase, { wish, jobs, enqueued, completed })
    if (phase === 'fill' && next !== 'fill') for (const process of hosts) process.order({ kind: 'work' })
    phase = next
    const budget = budgetIn(phase, { wish, jobs, completed, enqueued })
    for (const [index, process] of clients.entries()) {
      process.order({ kind: 'budget', jobs: shareOf(budget, index, clients.length) })
    }
    if (phase === 'end' && completed >= enqueued && enqueued >= jobs) return
    if (completed > progress.completed || phase === 'fill') progress = { completed, at: sampler.seconds }
    if (sampler.seconds - progress.at > stuckSeconds) throw new Error(`stuck: ${completed} of ${enqueued} completed`)
    for (const process of [...clients, ...hosts]) if (!process.isRunning) throw new Error('a load process ended')
    if (step % stepsOfSample === 0) show(sampler, phase)
    await sleep(stepMs)
  }
}

/** The part of a budget that one of several processes has; their parts add up to the whole. */
export function shareOf(whole: number, index: number, processes: number): number {
  return Math.floor((whole * (index + 1)) / processes) - Math.floor((whole * index) / processes)
}

interface State {
  readonly wish: Wish
  readonly jobs: number
  readonly enqueued: number
  readonly completed: number
}

export function phaseAfter(phase: Phase, { wish, jobs, enqueued, completed }: State): Phase {
  if (enqueued >= jobs) return 'end'
  if (phase === 'fill') return enqueued >= wish.ahead ? 'deep' : 'fill'
  if (phase === 'deep') return enqueued >= wish.jobs / 2 ? 'drain' : 'deep'
  if (phase === 'drain') return enqueued - completed <= wish.shortQueue ? 'steady' : 'drain'
  return phase
}

/** How many jobs may have been enqueued in all. */
export function budgetIn(phase: Phase, { wish, jobs, enqueued, completed }: State): number {
  if (phase === 'drain' || phase === 'end') return Math.min(jobs, enqueued)
  const queue = phase === 'steady' ? wish.shortQueue : wish.ahead
  const most = phase === 'deep' ? Math.ceil(wish.jobs / 2) : jobs
  return Math.min(most, completed + Math.max(1, queue))
}

function show(sampler: Sampler, phase: Phase): void {
  const sample = sampler.take(phase)
  if (sampler.samples.length % shownEverySamples !== 0) return
  const before = sampler.samples.at(-1 - shownEverySamples) ?? sampler.samples[0]!
  const rate = (of: 'enqueued' | 'completed') =>
    Math.round((sample[of] - before[of]) / Math.max(0.001, sample.seconds - before.seconds))
  const cpuMs = (of: Sample) => of.nodes.reduce((sum, node) => sum + node.cpuMs, 0)
  const moves = sample.enqueued - before.enqueued + sample.completed - before.completed
  const nodes = sample.nodes.map(({ memoryBytes, databaseBytes, walBytes }) =>
    [memoryBytes, databaseBytes, walBytes].map((bytes) => Math.round(bytes / 1_048_576)).join('/'),
  )
  console.log(
    `${sample.seconds.toFixed(0)} s ${phase}: ${sample.enqueued} enqueued (${rate('enqueued')}/s), ${sample.completed} completed ` +
      `(${rate('completed')}/s); processor of all coordinators ${((cpuMs(sample) - cpuMs(before)) / Math.max(1, moves)).toFixed(2)} ms an enqueue or completion; enqueue p50 ${sample.enqueueLatency.p50} max ${sample.enqueueLatency.max} ms, heartbeat max ` +
      `${sample.heartbeatLatency.max} ms; memory/database/log MB: ${nodes.join(' ')} ${JSON.stringify(sample.failures)}`,
  )
}
