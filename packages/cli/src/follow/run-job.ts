import type { NewJob } from '@skyclaw/protocol'
import { enqueue } from '../commands/enqueue.ts'
import type { Context } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { describeFailure } from '../failure.ts'
import { plainLine } from '../render/plain-text.ts'
import { toClientOptions } from '../environment.ts'
import { followJob } from './follow-job.ts'
import { showProgress } from './progress.ts'
import { sayWhenSlow } from './say-when-slow.ts'

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
  let ended = false

  const interrupt = (): void => {
    interrupts += 1
    if (id === undefined) return enqueueing.abort()
    if (interrupts > 1) return detaching.abort()
    io.stderr.write('\nskyclaw: cancelling; Ctrl-C again leaves the job to itself\n')
    context
      .client()
      .jobs.cancel(id, { reason: 'interrupted by the person who ran it' })
      .catch((error: unknown) => {
        // What came of it can be seen by now, or nobody looks any more.
        if (ended || detaching.signal.aborted) return
        io.stderr.write(`skyclaw: could not cancel: ${plainLine(describeFailure(error, io).message)}\n`)
      })
  }

  const undo = [io.onSignal('SIGINT', interrupt), io.onSignal('SIGTERM', interrupt)]
  try {
    const endSaying = sayWhenSlow(io, toClientOptions(context.settings))
    const { job } = await enqueue(context, newJob, enqueueing.signal).finally(endSaying)
    id = job.id
    const endProgress = showProgress(context, id)
    try {
      return await followJob(context, id, detaching.signal)
    } finally {
      endProgress()
    }
  } catch (error) {
    const left = enqueueing.signal.aborted || detaching.signal.aborted
    if (id !== undefined) {
      const line = left ? 'the job goes on without you; wait for it with' : 'the job may still go on; look for it with'
      io.stderr.write(`${left ? '\n' : ''}skyclaw: ${line}: ${io.program} jobs wait ${id}\n`)
    }
    if (!left) throw error
    return exitCodes.cancelled
  } finally {
    ended = true
    for (const one of undo) one()
  }
}
