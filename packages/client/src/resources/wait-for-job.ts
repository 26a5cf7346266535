import { setTimeout as sleep } from 'node:timers/promises'
import { isTerminal, type Job, limits } from '@skyclaw/protocol'
import type { Call } from '../operation.ts'
import { SkyclawError, WaitTimeoutError } from '../errors.ts'

export interface WaitOptions {
  signal?: AbortSignal
  /** Milliseconds until the wait gives up; for ever when not given. */
  timeoutMs?: number
}

/** A twin points at the job that stands; more steps than this would be a circle. */
const maxHops = 16

/** At most this many questions a second, whatever the coordinator makes of `waitMs`. */
const minIntervalMs = 200

/** Asks again and again, each time for as long as a coordinator lets a question wait, until the job has ended. */
export async function waitForJob(call: Call, id: string, { signal, timeoutMs }: WaitOptions = {}): Promise<Job> {
  const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
  let current = id
  let hops = 0
  for (;;) {
    const askedAt = performance.now()
    const waitMs = Math.round(Math.max(0, Math.min(limits.waitMs - 5_000, deadline - askedAt)))
    const { job } = await call('getJob', { params: { id: current }, query: { waitMs }, ...(signal && { signal }) })
    if (job.duplicateOf !== undefined) {
      hops += 1
      if (hops > maxHops) throw new SkyclawError(`job ${id} leads through more than ${maxHops} duplicates`)
      current = job.duplicateOf
      continue
    }
    if (isTerminal(job.status)) return job
    const now = performance.now()
    if (now >= deadline) throw new WaitTimeoutError(id, timeoutMs ?? 0, job.status)
    const restMs = Math.min(minIntervalMs - (now - askedAt), deadline - now)
    if (restMs > 0) await sleep(restMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted())
  }
}
