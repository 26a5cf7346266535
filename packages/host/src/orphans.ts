import type { HostContext } from './context.ts'
import { judge } from './delivery.ts'
import { inTurn } from './in-turn.ts'
import { messageOf, pause } from './retry.ts'
import { askToEnd, killAll, untilGone } from './run/processes/ending.ts'
import { bootId, hasProc } from './run/processes/proc.ts'
import { processWatch } from './run/processes/process-watch.ts'
import type { RunningEntry } from './running.ts'
import type { SpooledResult } from './spool.ts'

/*
 * A host that was killed leaves jobs that nobody watches any more. The next start ends them, by the number and the start time
 * of their first process and by the marker that all of them carry, before it claims anything; and tells the coordinators that the attempts are lost,
 * so that these jobs need not wait until their leases run out. Until then the heartbeat says that they are still held.
 */

/** Ends what an earlier run left running, and sees to it that each attempt is reported. Never rejects. */
export async function endOrphans(
  host: HostContext,
  leftovers: readonly RunningEntry[],
  results: readonly SpooledResult[],
): Promise<void> {
  const spooled = new Set(results.map(({ jobId, attempt }) => `${attempt} ${jobId}`))
  const lost = leftovers.filter(({ jobId, attempt }) => !spooled.has(`${attempt} ${jobId}`))
  for (const { jobId, attempt } of lost) host.held.addUndelivered({ id: jobId, attempt })
  await Promise.all(
    leftovers.map(async (entry) => {
      await endLeftover(host, entry)
      if (lost.includes(entry)) void reportLost(host, entry)
      else await forget(host, entry)
    }),
  )
}

/** Ends every process of one attempt. Never rejects. */
async function endLeftover(host: HostContext, entry: RunningEntry): Promise<void> {
  const { tag, sandbox, jobId, attempt } = entry
  const log = host.log.child({ jobId, attempt })
  try {
    if (entry.bootId === bootId() && hasProc) {
      const job = processWatch.track(tag, entry.process)
      const ending = { job, endsTogether: sandbox === 'bubblewrap' }
      processWatch.look()
      const found = job.living().map(({ pid, command }) => ({ pid, command }))
      if (found.length > 0) log.warn({ processes: found }, 'ending what an earlier run of this host left running')
      if (found.length > 0) askToEnd(processWatch, ending)
      await untilGone(processWatch, ending, found.length > 0 ? host.options.killGraceMs : 0)
      const left = await killAll(processWatch, ending)
      processWatch.forget(job)
      if (left !== undefined) log.error(left)
      else if (found.length > 0) log.info('what an earlier run of this host left running has been ended')
    }
    if (host.run.sandbox.kind === sandbox) await host.run.sandbox.endLeftover?.(tag)
    else if (sandbox === 'docker' || sandbox === 'podman') {
      log.warn({ tag }, `a job ran in ${sandbox}, which this host uses no more: look for a container of that tag`)
    }
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'what an earlier run of this host left running could not be ended')
  }
}

/** Tells that an attempt was lost, trying until it is heard or of no interest any more. Never rejects. */
async function reportLost(host: HostContext, entry: RunningEntry): Promise<void> {
  const { jobId, attempt } = entry
  const log = host.log.child({ jobId, attempt })
  const { signal } = host.ending
  const reason = 'the host was killed while the job ran; what was left of the job was ended when the host started again'
  const body = { hostId: host.id, attempt, lost: true, reason }
  for (let failures = 0; ; failures++) {
    try {
      await inTurn(host, () => host.client.call('releaseJob', { params: { id: jobId }, body, signal }))
      log.info('the attempt was reported as lost')
      break
    } catch (error) {
      if (signal.aborted) return
      if (judge(error) !== 'retry') {
        log.warn({ reason: messageOf(error) }, 'the lost attempt is of no interest any more')
        break
      }
      log.warn({ reason: messageOf(error) }, 'the lost attempt could not be reported yet')
      if (!(await pause(failures, signal))) return
    }
  }
  await forget(host, entry)
  host.held.removeUndelivered({ id: jobId, attempt })
}

/** A file that cannot be removed is reported once more after the next start: no harm. */
async function forget(host: HostContext, { tag, jobId, attempt }: RunningEntry): Promise<void> {
  await host.journal.end(tag).catch((error: unknown) => {
    host.log.error({ jobId, attempt, reason: messageOf(error) }, 'the journal of what runs could not be changed')
  })
}
