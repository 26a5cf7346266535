import type { HostContext } from './context.ts'

/**
 * The end of a host, in order: claims end; running jobs have `graceMs`, less when `hurry` is aborted; what still runs is
 * ended and handed back; results are delivered for at most `deliverMs`, what then remains stays in the spool. Heartbeats
 * go on all the while, so that no lease is lost before its job is settled.
 */
export async function windDown(
  host: HostContext,
  claims: Promise<void>,
  graceMs: number,
  hurry: AbortSignal,
): Promise<void> {
  const { held, log, options } = host
  log.info({ running: held.runningCount, graceMs }, 'draining')
  host.claiming.abort()
  await claims
  await atMost(graceMs, hurry, (signal) => held.until(() => held.runningCount === 0, signal))
  for (const ref of held.running()) held.end(ref, 'released')
  await held.until(() => held.runningCount === 0)
  await atMost(options.deliverMs, undefined, (signal) => held.until(() => held.undeliveredCount === 0, signal))
  if (held.undeliveredCount > 0) {
    log.warn({ results: held.undeliveredCount }, 'results stay in the spool until the next start')
  }
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
