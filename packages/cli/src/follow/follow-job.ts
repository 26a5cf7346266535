import { setTimeout as sleep } from 'node:timers/promises'
import { ProblemResponseError, UnexpectedAnswerError, UnreachableError } from '@skyclaw/client'
import type { Job } from '@skyclaw/protocol'
import type { Context } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { plainLine } from '../render/plain-text.ts'

/** How long to wait for a coordinator to come back; the job itself needs none to go on. */
const giveUpMs = 10 * 60_000
const pauseMs = 500

/** Waits for a job's end, prints its output (or its JSON), and returns the exit code that stands for it. */
export async function followJob(context: Context, id: string, signal?: AbortSignal): Promise<number> {
  const job = await waitThroughOutages(context, id, signal)
  const { io, values } = context
  if (values.has('json')) {
    io.stdout.write(`${JSON.stringify({ job }, null, 2)}\n`)
    return exitCodeOf(job)
  }
  io.stdout.write(job.result?.stdout ?? '')
  io.stderr.write(job.result?.stderr ?? '')
  const note = endNote(job)
  if (note !== undefined) io.stderr.write(`skyclaw: ${plainLine(note)}\n`)
  return exitCodeOf(job)
}

/** A coordinator that restarts is no reason to lose sight of the job. */
async function waitThroughOutages({ client, io }: Context, id: string, signal?: AbortSignal): Promise<Job> {
  let silentSince: number | undefined
  for (;;) {
    const askedAt = io.now()
    try {
      return await client().jobs.wait(id, { ...(signal && { signal }) })
    } catch (error) {
      if (!isOutage(error) || signal?.aborted) throw error
      // Having waited for long before it failed, it was heard in between.
      if (silentSince === undefined || askedAt - silentSince > giveUpMs) {
        if (silentSince !== undefined) throw error
        io.stderr.write('skyclaw: no coordinator answers; still waiting for the job\n')
        silentSince = askedAt
      }
      await sleep(pauseMs, undefined, { ...(signal && { signal }) })
    }
  }
}

function isOutage(error: unknown): boolean {
  if (error instanceof ProblemResponseError) return error.problem.retryable
  return error instanceof UnreachableError || (error instanceof UnexpectedAnswerError && error.status >= 500)
}

/** Why it ended, when neither its output nor a code of its own says so. */
function endNote(job: Job): string | undefined {
  if (job.status === 'cancelled') return `cancelled${job.cancelReason === undefined ? '' : `: ${job.cancelReason}`}`
  if (job.status === 'completed' || exitCodeOf(job) < exitCodes.timedOut) return undefined
  return job.error ?? 'the job failed'
}
