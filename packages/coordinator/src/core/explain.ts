/**
 * Why a job does not run: one sentence for the job as a whole, and for each host the first reason why it does not take it. The reasons
 * stand in the order in which one would put them right: first that the host is there, then that it takes jobs at all, then that it can
 * do this one, then that it has room.
 */
import { type HostRecord, isTerminal, type JobRecord, type Obstacle, type Requirement } from '@skyclaw/protocol'
import { takesJobs } from './host-state.ts'
import { isDue } from './lifecycle.ts'
import { satisfies } from './matching.ts'

/** A host with what its coordinator knows of it beside the record. */
export interface KnownHost {
  readonly record: HostRecord
  readonly live: boolean
  /** Jobs that it holds. */
  readonly leases: number
}

export interface Explanation {
  readonly summary: string
  readonly hosts: Obstacle[]
}

export interface Now {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Such a time as people read it. */
  readonly show: (millis: number) => string
}

export function explain(job: JobRecord, hosts: readonly KnownHost[], now: Now): Explanation {
  return {
    summary: summarise(job, hosts, now),
    // A job that has ended is kept from running by none of them.
    hosts: isTerminal(job.status) ? [] : hosts.map((host) => toObstacle(job, host)),
  }
}

function toObstacle(job: JobRecord, host: KnownHost): Obstacle {
  const { id, name } = host.record
  const reason = job.lease?.hostId === id ? undefined : obstacle(job.requirement, host)
  return { hostId: id, name, ...(reason !== undefined && { reason }) }
}

/** The first reason why a host does not take a job that asks for this; undefined when it would. */
export function obstacle(requirement: Requirement, { record, live, leases }: KnownHost): string | undefined {
  if (!live) return 'not live'
  if (!takesJobs(record)) return record.wanted?.state
  const lacking = lacks(requirement, record)
  if (lacking !== undefined) return lacking
  const { maxParallel } = record
  if (leases < maxParallel) return undefined
  return maxParallel === 1 ? 'its only slot is busy' : `all ${maxParallel} slots are busy`
}

function lacks({ requiredCapabilities = [], labels = {} }: Requirement, host: HostRecord): string | undefined {
  const capability = requiredCapabilities.find((name) => !host.capabilities.includes(name))
  if (capability !== undefined) return `lacks the capability ${capability}`
  for (const [name, wanted] of Object.entries(labels)) {
    const has = Object.hasOwn(host.labels, name) ? host.labels[name] : undefined
    if (has === undefined) return `lacks the label ${name}=${wanted}`
    if (has !== wanted) return `label ${name} is ${has}, not ${wanted}`
  }
  return undefined
}

function summarise(job: JobRecord, hosts: readonly KnownHost[], { now, show }: Now): string {
  if (job.duplicateOf !== undefined) return `It gave way to job ${job.duplicateOf}, made by the same idempotency key.`
  if (isTerminal(job.status)) return ended(job)
  if (job.lease) return running(job, job.lease.hostId, hosts)
  if (isDue(job, now)) return waiting(job.requirement, hosts)
  const at = show(job.runAt)
  if (job.attempts === 0) return `It is scheduled for ${at}.`
  return `Attempt ${job.attempts} ended as ${job.attemptHistory.at(-1)?.outcome}; it is tried again at ${at}.`
}

function ended({ status, attempts, attemptHistory, result, error, cancelReason }: JobRecord): string {
  const tries = attempts === 1 ? 'after 1 attempt' : `after ${attempts} attempts`
  const on = attemptHistory.at(-1)?.hostId
  if (status === 'completed') return `It has completed on host ${on} ${tries}.`
  if (status === 'cancelled') {
    return `It was cancelled${attempts === 0 ? ' before it ran' : ` ${tries}`}${because(cancelReason)}`
  }
  const how = result?.signal ?? (typeof result?.exitCode === 'number' ? `exit code ${result.exitCode}` : undefined)
  return `It has failed ${tries}${how === undefined ? '' : ` (${how})`}${because(error)}`
}

function because(reason: string | undefined): string {
  return reason === undefined ? '.' : `: ${reason}`
}

function running(job: JobRecord, hostId: string, hosts: readonly KnownHost[]): string {
  const live = hosts.some(({ record, live: heard }) => record.id === hostId && heard)
  const silent = live ? '' : ', which was not heard lately'
  if (job.cancelRequestedAt !== undefined) return `It is being cancelled on host ${hostId}${silent}.`
  return `It is running on host ${hostId}${silent}: attempt ${job.attempts}.`
}

function waiting(requirement: Requirement, hosts: readonly KnownHost[]): string {
  if (hosts.length === 0) return 'It waits for a host: none has registered.'
  const able = hosts.filter(({ record }) => satisfies(record, requirement))
  if (able.length === 0) return `It waits for a host: ${nobodyHas(requirement, hosts)}.`
  const live = able.filter((host) => host.live)
  if (live.length === 0)
    return `It waits for a host: ${count(able, 'that could run it')}, and ${able.length === 1 ? 'it is not' : 'none is'} live.`
  const taking = live.filter(({ record }) => takesJobs(record))
  if (taking.length === 0) {
    return `It waits for a host: ${count(live, 'that could run it')}, and ${all(live)} paused or draining.`
  }
  const free = taking.filter((host) => obstacle(requirement, host) === undefined)
  if (free.length === 0) return `It waits for a slot: ${count(taking, 'that can run it')}, and ${all(taking)} busy.`
  return `It waits to be claimed: ${count(free, 'that can run it now')}.`
}

function count(hosts: readonly KnownHost[], what: string): string {
  return hosts.length === 1 ? `there is 1 host ${what}` : `there are ${hosts.length} hosts ${what}`
}

function all(hosts: readonly KnownHost[]): string {
  return hosts.length === 1 ? 'it is' : 'all are'
}

function nobodyHas({ requiredCapabilities = [], labels = {} }: Requirement, hosts: readonly KnownHost[]): string {
  const nobody = (asked: Requirement) => hosts.every(({ record }) => !satisfies(record, asked))
  const capability = requiredCapabilities.find((name) => nobody({ requiredCapabilities: [name] }))
  if (capability !== undefined) return `no host has the capability ${capability}`
  const label = Object.entries(labels).find(([name, value]) => nobody({ labels: { [name]: value } }))
  if (label) return `no host has the label ${label.join('=')}`
  const asked = [...requiredCapabilities, ...Object.entries(labels).map((entry) => entry.join('='))]
  return `no host has all of ${asked.join(', ')}`
}
