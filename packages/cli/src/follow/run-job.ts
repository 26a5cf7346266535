import type { NewJob } from '@skyclaw/protocol'
import { enqueue } from '../commands/enqueue.ts'
import type { Context } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { plainLine } from '../render/plain-text.ts'
import { followJob } from './follow-job.ts'
import { showProgress } from './progress.ts'

/**
 * Enqueues a job and follows it to its end. The first Ctrl-C (or SIGTERM) cancels the job, the second leaves it alone and says how
 * to wait for it. Returns the exit code.
 */
export async function runJob(context: Context, newJob: NewJob): Promise<number> {
  const { io } = context
  const enqueueing = new AbortController()
  const detaching = new AbortController()
  let id: string | undefined
  let interrupts = 0

  const interrupt = (): void => {
    interrupts += 1
    if (id === undefined) return enqueueing.abort()
    if (interrupts > 1) return detaching.abort()
    io.stderr.write('\nskyclaw: cancelling; Ctrl-C again leaves the job to itself\n')
    context
      .client()
      .jobs.cancel(id, { reason: 'interrupted by the person who ran it' })
      .catch((error: unknown) => {
        if (!detaching.signal.aborted) io.stderr.write(`skyclaw: could not cancel: ${plainLine(String(error))}\n`)
      })
  }

  const undo = [io.onSignal('SIGINT', interrupt), io.onSignal('SIGTERM', interrupt)]
  try {
    const { job } = await enqueue(context, newJob, enqueueing.signal)
    id = job.id
    const endProgress = showProgress(context, id)
    try {
      return await followJob(context, id, detaching.signal)
    } finally {
      endProgress()
    }
  } catch (error) {
    if (!enqueueing.signal.aborted && !detaching.signal.aborted) throw error
    if (id !== undefined)
      io.stderr.write(`\nskyclaw: the job goes on without you; wait for it with: ${io.program} jobs wait ${id}\n`)
    return exitCodes.cancelled
  } finally {
    for (const one of undo) one()
  }
}
