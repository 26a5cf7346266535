import { ProblemResponseError } from '@skyclaw/client'
import type { LeaseRef } from '@skyclaw/protocol'
import { RefusedReport } from './completions.ts'
import type { HostContext } from './context.ts'
import { messageOf, pause } from './retry.ts'
import type { SpooledResult } from './spool.ts'

/** What to do about a completion that was not acknowledged. */
export type Verdict = 'drop' | 'set-aside' | 'retry'

/**
 * Only what a coordinator says about this very result is final. Trouble of the network, of the coordinator, or of this
 * host's token is none of the result's making: it waits until that is mended.
 */
export function judge(error: unknown): Verdict {
  if (!(error instanceof ProblemResponseError || error instanceof RefusedReport)) return 'retry'
  const { code, status } = error.problem
  if (code === 'lease_lost') return 'drop'
  const passing = status >= 500 || [401, 403, 408, 429].includes(status)
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
      await host.completions.send(result)
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

/** A file that cannot be removed is sent again after the next start, with the same key: no harm. */
async function forget(host: HostContext, ref: LeaseRef, remove: () => Promise<void>): Promise<void> {
  await remove().catch((error: unknown) => {
    host.log.error({ jobId: ref.id, attempt: ref.attempt, reason: messageOf(error) }, 'the spool could not be changed')
  })
  host.held.removeUndelivered(ref)
}
