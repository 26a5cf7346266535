import type { HostState as Wish } from '@skyclaw/protocol'
import type { HostContext } from './context.ts'

/** What an answer says that the host is to do. Older coordinators say whether it is to `drain`, or nothing. */
interface Wanted {
  readonly state?: Wish
  readonly drain?: boolean
  readonly deadlineMs?: number
}

/**
 * Takes in what the coordinators want of the host. Paused or draining, it claims nothing; draining with a deadline, it ends
 * by itself what still runs then, and hands it back.
 */
export function takeWish(host: HostContext, answer: Wanted): void {
  const { state, log, held } = host
  const wish = answer.state ?? (answer.drain ? 'paused' : 'active')
  if (wish !== state.wish) {
    log.info({ state: wish, deadlineMs: answer.deadlineMs }, 'the coordinators changed what this host is to do')
    state.wish = wish
    held.wake()
  }
  clearTimeout(state.drainTimer)
  state.drainTimer = undefined
  if (wish !== 'draining' || answer.deadlineMs === undefined || host.ending.signal.aborted) return
  state.drainTimer = setTimeout(
    () => endAll(host, 'the time to drain is over: jobs are ended and handed back'),
    answer.deadlineMs,
  )
}

/** Whether it claims: claims that still wait for an answer are given up otherwise, and what they bring is given back. */
export function takesJobs({ claiming, state }: HostContext): boolean {
  return !claiming.signal.aborted && state.wish === 'active'
}

function endAll({ held, log }: HostContext, reason: string): void {
  const running = held.running()
  if (running.length === 0) return
  log.warn({ running: running.length }, reason)
  for (const ref of running) held.end(ref, 'released')
}

/**
 * The end of a host, in order: claims end; running jobs have `graceMs`, less when `hurry` is aborted; what still runs is
 * ended and handed back; results and logs are delivered for at most `deliverMs`, what then remains stays on disk. Heartbeats
 * go on all the while, so that no lease is lost before its job is settled.
 */
export async function windDown(
  host: HostContext,
  claims: Promise<void>,
  graceMs: number,
  hurry: AbortSignal,
): Promise<void> {
  const { held, logs, log, options } = host
  log.info({ running: held.runningCount, graceMs }, 'draining')
  host.claiming.abort()
  held.wake()
  await claims
  await atMost(graceMs, hurry, (signal) => held.until(() => held.runningCount === 0, signal))
  endAll(host, 'the time is over: jobs are ended and handed back')
  await held.until(() => held.runningCount === 0)
  const isDelivered = () => held.undeliveredCount === 0 && logs.undeliveredCount === 0
  await atMost(options.deliverMs, undefined, (signal) => held.until(isDelivered, signal))
  if (held.undeliveredCount > 0) {
    log.warn({ results: held.undeliveredCount }, 'results stay in the spool until the next start')
  }
  if (logs.undeliveredCount > 0) log.warn({ logs: logs.undeliveredCount }, 'logs stay on disk until the next start')
}

/** Waits for something, until the time is up or `hurry` is aborted. Leaves no timer behind. */
async function atMost(
  ms: number,
  hurry: AbortSignal | undefined,
  wait: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const enough = new AbortController()
  const stop = () => enough.abort()
  const timer = setTimeout(stop, ms)
  hurry?.addEventListener('abort', stop)
  if (hurry?.aborted) stop()
  await wait(enough.signal).catch(() => {})
  clearTimeout(timer)
  hurry?.removeEventListener('abort', stop)
}
