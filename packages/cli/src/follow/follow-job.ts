import { ProblemResponseError, UnexpectedAnswerError } from '@skyclaw/client'
import type { Job } from '@skyclaw/protocol'
import type { Context } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { plainLine } from '../render/plain-text.ts'
import { Outputs } from './outputs.ts'
import { showProgress } from './progress.ts'
import { beginning, maxOutageMs, showLog } from './show-log.ts'
import { showRest } from './show-rest.ts'

/** Waits for a job's end, prints its output (or its JSON), and returns the exit code that stands for it. */
export async function followJob(context: Context, id: string, signal?: AbortSignal): Promise<number> {
  const { io, values } = context
  const endProgress = showProgress(context, id)
  const job = await waitForEnd(context, id, signal).finally(endProgress)
  using outputs = new Outputs(io)
  if (values.has('json')) {
    await outputs.stdout.write(`${JSON.stringify({ job }, null, 2)}\n`, signal)
    return exitCodeOf(job)
  }
  await outputs.stdout.write(job.result?.stdout ?? '', signal)
  await outputs.stderr.write(job.result?.stderr ?? '', signal)
  await sayWhy(outputs, job)
  return exitCodeOf(job)
}

/**
 * The same, with the output as it comes. Where it cannot be followed, or not to its end, the result tells the rest when the job
 * has ended.
 */
export async function followLive(context: Context, id: string, signal: AbortSignal): Promise<number> {
  using outputs = new Outputs(context.io)
  const endProgress = showProgress(context, id)
  const place = beginning()
  try {
    const settings = { follow: true, outputs, signal, onOutput: endProgress }
    const end = await showLog(context, id, place, settings).catch(withoutLog)
    const job = await waitForEnd(context, id, signal)
    if (!end?.complete && !(await showRest(outputs, job, place, signal))) {
      await outputs.note(
        `the end of the output could not be had; look for it with: ${context.io.program} jobs show ${id}`,
      )
    }
    await sayWhy(outputs, job)
    return exitCodeOf(job)
  } finally {
    endProgress()
  }
}

/** An older coordinator has no log to follow, and whoever refuses it for another cause may tell of the job all the same. */
function withoutLog(error: unknown): undefined {
  const isRefused = error instanceof ProblemResponseError && !error.problem.retryable && error.code !== 'unauthorized'
  if (!isRefused && !(error instanceof UnexpectedAnswerError)) throw error
}

function waitForEnd({ client, io }: Context, id: string, signal: AbortSignal | undefined): Promise<Job> {
  return client().jobs.wait(id, {
    maxOutageMs,
    onOutage: ({ message }) => io.stderr.write(`skyclaw: still waiting for the job: ${plainLine(message)}\n`),
    ...(signal && { signal }),
  })
}

/** Says why it ended, when neither its output nor a code of its own does. */
async function sayWhy(outputs: Outputs, job: Job): Promise<void> {
  const note = endNote(job)
  if (note !== undefined) await outputs.note(note)
}

function endNote(job: Job): string | undefined {
  if (job.status === 'cancelled') return `cancelled${job.cancelReason === undefined ? '' : `: ${job.cancelReason}`}`
  if (job.status === 'completed' || exitCodeOf(job) < exitCodes.timedOut) return undefined
  return job.error ?? 'the job failed'
}
