import type { NewJob } from '@skyclaw/protocol'
import { enqueue } from '../commands/enqueue.ts'
import type { Context } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { describeFailure } from '../failure.ts'
import { plainLine } from '../render/plain-text.ts'
import { toClientOptions } from '../environment.ts'
import { followJob, followLive } from './follow-job.ts'
import { sayWhenSlow } from './say-when-slow.ts'

/**
 * Enqueues a job and follows it to its end. The first Ctrl-C (or SIGTERM) cancels the job, while its output goes on until it
 * has ended; the second leaves it alone and says how to see the rest. Returns the exit code.
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
    // On a terminal the cursor stands behind the ^C.
    if (io.stderr.isTTY && interrupts <= 2) io.stderr.write('\n')
    if (id === undefined) return enqueueing.abort()
    if (interrupts > 1) return detaching.abort()
    io.stderr.write('skyclaw: cancelling; Ctrl-C again leaves the job to itself\n')
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
    const follow = context.values.has('json') ? followJob : followLive
    return await follow(context, id, detaching.signal)
  } catch (error) {
    const left = enqueueing.signal.aborted || detaching.signal.aborted
    if (id !== undefined) {
      const line = left
        ? `the job goes on without you; see its output with: ${io.program} jobs logs -f ${id}`
        : `the job may still go on; look for it with: ${io.program} jobs wait ${id}`
      io.stderr.write(`skyclaw: ${line}\n`)
    }
    if (!left) throw error
    return exitCodes.cancelled
  } finally {
    ended = true
    for (const one of undo) one()
  }
}
