import { setImmediate as endOfTurn } from 'node:timers/promises'
import { ProblemResponseError } from '@skyclaw/client'
import { type Job, limits } from '@skyclaw/protocol'
import { uuidv7 } from 'uuidv7'
import { leaseOf, release, runAttempt } from './attempt.ts'
import type { HostContext } from './context.ts'
import { takesJobs } from './drain.ts'
import { messageOf, pause, rest } from './retry.ts'

/** A coordinator that answers "none" at once is asked at most this often. */
const minIntervalMs = 250

/** A claim that is answered with nothing so long before its time says that the next heartbeat has news. */
const earlyMs = 500

/** When claiming ends or is paused, a claim under way has this long for an answer that is on its way: its jobs are given back. */
const lastAnswerMs = 250

/** Claims as many jobs as there are free slots, again and again, until claiming ends. Never rejects. */
export async function claimLoop(host: HostContext): Promise<void> {
  const { signal } = host.claiming
  while (!signal.aborted) {
    await host.held.until(() => mayClaim(host), signal).catch(() => {})
    // What ends in one turn makes room for one claim.
    await endOfTurn()
    if (signal.aborted) break
    if (!mayClaim(host)) continue
    const startedAt = performance.now()
    const jobs = await claimUnlessPaused(host, freeSlots(host))
    const started = await Promise.all(jobs.map((job) => accept(host, job)))
    if (!started.includes(true)) await rest(minIntervalMs - (performance.now() - startedAt), signal)
  }
}

/** Whether a claim of this host waits at a coordinator, or is about to, for so long that an early answer can be told from a late one. */
export function claimTells(host: HostContext): boolean {
  return mayClaim(host) && host.options.claimWaitMs >= 2 * earlyMs
}

function mayClaim(host: HostContext): boolean {
  const { state, held, options } = host
  return state.registered && takesJobs(host) && freeSlots(host) > 0 && held.undeliveredCount < options.maxSpooled
}

/** One claim, given up when the host is to take no jobs meanwhile. */
async function claimUnlessPaused(host: HostContext, max: number): Promise<Job[]> {
  const answered = new AbortController()
  const giveUp = new AbortController()
  const watching = host.held
    .until(() => !takesJobs(host), answered.signal)
    .then(() => rest(lastAnswerMs, answered.signal))
    .then(() => giveUp.abort())
    .catch(() => {})
  const jobs = await claim(host, max, giveUp.signal)
  answered.abort()
  await watching
  return jobs
}

function freeSlots({ options, held }: HostContext): number {
  return Math.min(options.maxParallel - held.runningCount, limits.claimMax)
}

/**
 * One claim, with one key: it is repeated, unchanged, until some coordinator answers, so that jobs leased by an answer
 * that was lost on its way are found again.
 */
async function claim(host: HostContext, max: number, giveUp: AbortSignal): Promise<Job[]> {
  const { signal: ended } = host.claiming
  const idempotencyKey = uuidv7()
  const body = { waitMs: host.options.claimWaitMs, max }
  for (let failures = 0; ; failures++) {
    const startedAt = performance.now()
    try {
      const answer = await host.client.call('claimJobs', {
        params: { id: host.id },
        body,
        idempotencyKey,
        signal: giveUp,
      })
      const jobs = answer.jobs ?? (answer.job ? [answer.job] : [])
      if (jobs.length === 0 && performance.now() - startedAt < body.waitMs - earlyMs) host.beats.ring()
      return jobs
    } catch (error) {
      if (!takesJobs(host)) return []
      host.log.warn({ reason: messageOf(error) }, 'claim failed')
      // The session registers again when its heartbeat finds the host unknown; this claim goes on then.
      const refused = error instanceof ProblemResponseError && !error.problem.retryable && error.code !== 'not_found'
      if (!(await pause(failures, ended)) || refused) return []
    }
  }
}

/** Starts a claimed job, once; gives back what there is no room for. True when it was started. */
async function accept(host: HostContext, job: Job): Promise<boolean> {
  const ref = leaseOf(job)
  if (host.held.has(ref)) return false
  if (!takesJobs(host) || freeSlots(host) <= 0) {
    host.log.warn({ jobId: ref.id, attempt: ref.attempt }, 'no room for a claimed job: released')
    await release(host, ref)
    return false
  }
  void runAttempt(host, job, host.held.start(ref))
  return true
}
