import { type Job, limits, type Obstacle } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import { explain } from '../core/explain.ts'
import type { HostRegistry } from '../hosts/registry.ts'
import type { JobQueue } from './queue.ts'

export interface ExplainOptions {
  readonly queue: JobQueue
  readonly hosts: HostRegistry
  readonly clock: Clock
}

/** As many hosts are looked at; the newest, of more. */
const maxHosts = 20_000

export interface JobExplanation {
  readonly job: Job
  readonly summary: string
  readonly hosts: Obstacle[]
}

/**
 * Why a job does not run, as far as this coordinator knows. The summary goes by all hosts; of more than 1,000, those are left out of the
 * list that have the most to be put right. Throws `not_found`.
 */
export async function explainJob({ queue, hosts, clock }: ExplainOptions, id: string): Promise<JobExplanation> {
  const record = await queue.record(id)
  const now = { now: clock.now(), show: (millis: number) => new Date(millis).toISOString() }
  const { summary, hosts: obstacles } = explain(record, await hosts.known(maxHosts), now)
  const ready = obstacles.filter(({ reason }) => reason === undefined)
  const rest = obstacles.filter(({ reason }) => reason !== undefined)
  const live = rest.filter(({ reason }) => reason !== 'not live')
  const silent = rest.filter(({ reason }) => reason === 'not live')
  return { job: await queue.view(record), summary, hosts: [...ready, ...live, ...silent].slice(0, limits.pageMax) }
}
