import { randomBytes } from 'node:crypto'
import type { Job, LeaseRef } from '@skyclaw/protocol'
import { uuidv7 } from 'uuidv7'
import type { HostContext } from './context.ts'
import { deliver } from './delivery.ts'
import type { RunningAttempt } from './held-jobs.ts'
import { messageOf } from './retry.ts'
import type { AttemptOutput } from './run/attempt-output.ts'
import type { ProcessIdentity } from './run/processes/proc.ts'
import { refused, type RunResult } from './run/result.ts'
import { runPayload } from './run/run-payload.ts'
import type { SpooledResult } from './spool.ts'

/** An attempt that was ended while it waited for an earlier one of its job. */
const unstarted: RunResult = { ...refused(125, 'ended before it was started'), interrupted: true }

type Report = Omit<RunResult, 'interrupted'>

/** The lease that a claimed job came with. */
export function leaseOf(job: Job): LeaseRef {
  return { id: job.id, attempt: job.attemptHistory?.at(-1)?.attempt ?? job.attempts }
}

/** Runs a claimed job to its end and sees to its result. Never rejects. */
export async function runAttempt(host: HostContext, job: Job, attempt: RunningAttempt): Promise<void> {
  const { ref } = attempt
  const log = host.log.child({ jobId: ref.id, attempt: ref.attempt })
  await host.held.endEarlier(ref)
  log.info({ kind: job.payload.kind }, 'attempt started')
  const tag = `a${randomBytes(10).toString('hex')}`
  const attemptLog = host.logs.start(ref)
  const { output } = attemptLog
  const run = attempt.signal.aborted ? unstarted : await runNoted(host, job, attempt, { tag, output })
  const { interrupted = false, ...result } = run
  const { success, exitCode, durationMs } = result
  log.info({ success, exitCode, durationMs, endReason: attempt.endReason }, 'attempt ended')

  // What had ended by itself before it was to be ended is done: handed back, it would be done twice.
  const endReason = interrupted || attempt.endReason === 'lost' ? attempt.endReason : undefined
  const report = endReason === 'cancelled' ? cancelled(result) : result
  if (endReason === 'lost') attemptLog.drop()
  else attemptLog.finish(endReason === 'released' ? { ...report, success: false } : report)
  if (endReason === 'released') await release(host, ref)
  else if (endReason === 'lost') log.warn('lease lost: result dropped')
  else await complete(host, ref, report)
  await host.journal.end(tag).catch((error: unknown) => log.error({ reason: messageOf(error) }, journalFailed))
  attempt.finish()
}

const journalFailed = 'the journal of what runs could not be changed'

/** Runs an attempt, noted for the next start should this one be cut off. */
async function runNoted(
  host: HostContext,
  job: Job,
  { ref, signal }: RunningAttempt,
  { tag, output }: { readonly tag: string; readonly output: AttemptOutput },
): Promise<RunResult> {
  const names = { jobId: ref.id, attempt: ref.attempt, tag }
  try {
    await host.journal.begin({ ...names, sandbox: host.run.sandbox.kind })
  } catch (error) {
    // A full disk is no reason to do nothing: it matters only when this host is killed meanwhile.
    host.log.error({ jobId: ref.id, attempt: ref.attempt, reason: messageOf(error) }, journalFailed)
  }
  const onStart = (identity: ProcessIdentity) => host.journal.started(tag, identity)
  return runPayload(host.run, job.payload, { ...names, signal, output, onStart })
}

/** Hands a job back. When that fails, its lease ends by time. Never rejects. */
export async function release(host: HostContext, ref: LeaseRef): Promise<void> {
  const log = host.log.child({ jobId: ref.id, attempt: ref.attempt })
  try {
    await host.client.call('releaseJob', { params: { id: ref.id }, body: { hostId: host.id, attempt: ref.attempt } })
    log.info('job released')
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'job could not be released')
  }
}

async function complete(host: HostContext, ref: LeaseRef, run: Report): Promise<void> {
  const result: SpooledResult = {
    jobId: ref.id,
    attempt: ref.attempt,
    idempotencyKey: uuidv7(),
    body: { hostId: host.id, attempt: ref.attempt, ...run },
  }
  try {
    await host.spool.put(result)
  } catch (error) {
    // A full disk is no reason to lose the result as well: it is sent from memory.
    host.log.error({ jobId: ref.id, attempt: ref.attempt, reason: messageOf(error) }, 'the result could not be spooled')
  }
  void deliver(host, result)
}

/** A cancelled attempt is a failed one, however its process ended. */
function cancelled(result: Report): Report {
  const { timedOut: _, ...rest } = result
  return { ...rest, success: false, error: 'cancelled' }
}
