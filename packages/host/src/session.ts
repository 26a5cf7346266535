import { ProblemResponseError } from '@skyclaw/client'
import { limits } from '@skyclaw/protocol'
import type { HostContext } from './context.ts'
import { takeWish } from './drain.ts'
import { messageOf, pause, rest } from './retry.ts'

/** However often it is asked to beat at once, this time is between the starts of two beats; more while they fail. */
const minBeatGapMs = 100

/** Registers, then heartbeats, and registers again when no coordinator knows the host. Ends with the host; never rejects. */
export async function keepSession(host: HostContext): Promise<void> {
  const { signal } = host.ending
  while (!signal.aborted) {
    // Before the offer is read: a change in between is told, too.
    const { changed } = host.offer
    const leaseMs = await register(host)
    if (leaseMs !== undefined) await heartbeats(host, leaseMs, changed)
  }
}

/** Registers, trying for ever. The lease time in milliseconds; undefined when the host ends first. */
async function register(host: HostContext): Promise<number | undefined> {
  const { options, log } = host
  const { signal } = host.ending
  const { name, maxParallel } = options
  for (let failures = 0; ; failures++) {
    const { capabilities, labels } = host.offer.current
    const body = { hostId: host.id, name, capabilities: [...capabilities], maxParallel, labels: { ...labels } }
    try {
      const { leaseMs, host: registered } = await host.client.call('registerHost', { body, signal })
      log.info({ name, capabilities }, 'registered')
      takeWish(host, registered)
      host.state.registered = true
      host.held.wake()
      return leaseMs
    } catch (error) {
      if (signal.aborted) return undefined
      const refused = error instanceof ProblemResponseError && error.status < 500
      log[refused ? 'error' : 'warn']({ reason: messageOf(error) }, 'not registered yet')
      if (!(await pause(failures, signal))) return undefined
    }
  }
}

/** Beats until the host ends, is unknown, or offers something else. A beat that fails is followed by the next one in its time. */
async function heartbeats(host: HostContext, firstLeaseMs: number, changed: AbortSignal): Promise<void> {
  const { signal } = host.ending
  const over = AbortSignal.any([signal, changed])
  let leaseMs = firstLeaseMs
  let failures = 0
  for (;;) {
    const startedAt = performance.now()
    try {
      leaseMs = await heartbeat(host, leaseMs)
      if (failures > 0) host.log.info({ failures }, 'heard again')
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ProblemResponseError && error.code === 'not_found') {
        host.log.warn('this host is unknown: it registers again')
        host.state.registered = false
        return
      }
      failures += 1
      if (failures === 1) host.log.warn({ reason: messageOf(error) }, 'heartbeat failed')
    }
    const everyMs = Math.min(host.options.heartbeatMs, leaseMs / 3)
    const gapMs = Math.min(minBeatGapMs * 2 ** Math.min(failures, 10), everyMs)
    if (!(await rest(gapMs - (performance.now() - startedAt), over))) return
    let woken = await host.beats.wait(everyMs - (performance.now() - startedAt), over)
    // Nobody needs to know soon that a host without jobs is gone: every other beat is left out.
    if (woken === 'time_up' && failures === 0 && host.held.isEmpty) woken = await host.beats.wait(everyMs, over)
    if (woken === 'ended') return
  }
}

/** One beat: tells what is held, and does what the answer asks for. */
async function heartbeat(host: HostContext, leaseMs: number): Promise<number> {
  const refs = host.held.refs().slice(0, limits.heartbeatJobs)
  const answer = await host.client.call('heartbeat', {
    params: { id: host.id },
    body: { activeLeases: refs.length, jobs: refs },
    signal: host.ending.signal,
    // A coordinator that hangs must not cost the lease: another is asked in time.
    timeoutMs: Math.max(leaseMs / 2, 100),
    attemptTimeoutMs: Math.max(leaseMs / 6, 50),
  })
  for (const ref of answer.cancel) host.held.end(ref, 'cancelled')
  for (const ref of answer.lost) host.held.end(ref, 'lost')
  if (host.options.learn) {
    host.client.learnCoordinators(answer.coordinators)
    host.remembered.keep(host.client.coordinators)
  }
  takeWish(host, answer)
  return answer.leaseMs
}
