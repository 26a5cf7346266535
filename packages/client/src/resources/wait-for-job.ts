import { isTerminal, type Job, limits } from '@skyclaw/protocol'
import { SkyclawError, WaitTimeoutError } from '../errors.ts'
import type { Call } from '../operation.ts'
import { checkMs, defaultMaxOutageMs, minOutageIntervalMs, passing, pause } from '../outage.ts'

export interface WaitOptions {
  signal?: AbortSignal
  /** Milliseconds until the wait gives up; for ever when not given. */
  timeoutMs?: number
  /** Milliseconds without an answer of any coordinator until the wait gives up; default `timeoutMs`, or an hour without one. */
  maxOutageMs?: number
  /** Called when an outage begins: no coordinator answered, and the wait goes on. */
  onOutage?: (error: SkyclawError) => void
}

/** A duplicate points at the job that stands; more steps than this would be a circle. */
const maxHops = 16

/** At most one question in this time, whatever the coordinator makes of `waitMs`. */
const minIntervalMs = 200

/** The answer to a question that ends with the wait may be that much late. */
const lastAnswerMs = 1_000

/**
 * Asks again and again, each time for as long as a coordinator lets a question wait, until the job has ended. The job itself needs
 * no coordinator to go on, so the wait goes on through outages. `callTimeoutMs` is the client's limit for any call.
 */
export async function waitForJob(
  call: Call,
  callTimeoutMs: number,
  id: string,
  { signal, timeoutMs, maxOutageMs = timeoutMs ?? defaultMaxOutageMs, onOutage }: WaitOptions = {},
): Promise<Job> {
  checkMs('timeoutMs', timeoutMs)
  checkMs('maxOutageMs', maxOutageMs)
  const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
  let current = id
  let hops = 0
  let heardAt = performance.now()
  let status: string | undefined
  let outage: SkyclawError | undefined
  for (;;) {
    const askedAt = performance.now()
    const waitMs = Math.round(Math.max(0, Math.min(limits.waitMs - 5_000, deadline - askedAt)))
    const restMs = Math.max(lastAnswerMs, deadline - askedAt - waitMs)
    const answer = await call('getJob', {
      params: { id: current },
      query: { waitMs },
      timeoutMs: Math.min(callTimeoutMs, restMs),
      ...(signal && { signal }),
    }).catch(passing)
    const now = performance.now()
    if (answer instanceof SkyclawError) {
      if (now >= deadline) throw new WaitTimeoutError(id, timeoutMs ?? 0, status, answer)
      if (now - heardAt >= maxOutageMs) throw answer
      if (!outage) onOutage?.(answer)
      outage = answer
      await pause(Math.min(minOutageIntervalMs - (now - askedAt), deadline - now), signal)
      continue
    }
    heardAt = now
    outage = undefined
    const { job } = answer
    if (job.duplicateOf !== undefined) {
      hops += 1
      if (hops > maxHops) throw new SkyclawError(`job ${id} leads through more than ${maxHops} duplicates`)
      current = job.duplicateOf
      continue
    }
    if (isTerminal(job.status)) return job
    status = job.status
    if (now >= deadline) throw new WaitTimeoutError(id, timeoutMs ?? 0, status)
    await pause(Math.min(minIntervalMs - (now - askedAt), deadline - now), signal)
  }
}
