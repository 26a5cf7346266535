import { ProblemResponseError } from '@skyclaw/client'
import type { LeaseRef } from '@skyclaw/protocol'
import type { HostContext } from './context.ts'
import { messageOf, pause } from './retry.ts'
import type { SpooledResult } from './spool.ts'

/** Results on their way at once: a slow coordinator must not take the connections of heartbeats and claims. */
export const maxDeliveries = 32

/** What to do about a completion that was not acknowledged. */
export type Verdict = 'drop' | 'set-aside' | 'retry'

/**
 * Only what a coordinator says about this very result is final. Trouble of the network, of the coordinator, or of this
 * host's token is none of the result's making: it waits until that is mended.
 */
export function judge(error: unknown): Verdict {
  if (!(error instanceof ProblemResponseError)) return 'retry'
  if (error.code === 'lease_lost') return 'drop'
  const passing = error.status >= 500 || [401, 403, 408, 429].includes(error.status)
  return passing ? 'retry' : 'set-aside'
}

/** Sends a result until it is acknowledged or refused for good, and then takes it out of the spool. Never rejects. */
export async function deliver(host: HostContext, result: SpooledResult): Promise<void> {
  const ref: LeaseRef = { id: result.jobId, attempt: result.attempt }
  const log = host.log.child({ jobId: ref.id, attempt: ref.attempt })
  const { signal } = host.ending
  host.held.addUndelivered(ref)
  for (let failures = 0; ; failures++) {
    try {
      await send(host, result)
      log.info('result delivered')
      return await forget(host, ref, () => host.spool.remove(ref))
    } catch (error) {
      if (signal.aborted) return
      const verdict = judge(error)
      if (verdict === 'drop') {
        log.warn({ reason: messageOf(error) }, 'lease lost: result dropped')
        return await forget(host, ref, () => host.spool.remove(ref))
      }
      if (verdict === 'set-aside') {
        log.error({ reason: messageOf(error) }, 'result refused: kept in the rejected folder')
        return await forget(host, ref, () => host.spool.setAside(ref))
      }
      log.warn({ reason: messageOf(error) }, 'result not delivered yet')
      if (!(await pause(failures, signal))) return
    }
  }
}

/** Sends a result once, as soon as there is room for it. */
async function send(host: HostContext, result: SpooledResult): Promise<void> {
  const { jobId, body, idempotencyKey } = result
  const { signal } = host.ending
  await inTurn(host, () => host.client.call('completeJob', { params: { id: jobId }, body, idempotencyKey, signal }))
}

/** Calls as soon as fewer than `maxDeliveries` are on their way. Rejects when the host ends first. */
export async function inTurn({ held, state, ending }: HostContext, call: () => Promise<unknown>): Promise<void> {
  const takeTurn = () => {
    if (state.deliveries >= maxDeliveries) return false
    state.deliveries += 1
    return true
  }
  await held.until(takeTurn, ending.signal)
  try {
    await call()
  } finally {
    state.deliveries -= 1
    held.wake()
  }
}

/** A file that cannot be removed is sent again after the next start, with the same key: no harm. */
async function forget(host: HostContext, ref: LeaseRef, remove: () => Promise<void>): Promise<void> {
  await remove().catch((error: unknown) => {
    host.log.error({ jobId: ref.id, attempt: ref.attempt, reason: messageOf(error) }, 'the spool could not be changed')
  })
  host.held.removeUndelivered(ref)
}
