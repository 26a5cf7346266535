import type { Job } from '@skyclaw/protocol'
import type { Context } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { plainLine } from '../render/plain-text.ts'

/** How long to wait for a coordinator to come back; the job itself needs none to go on. */
const maxOutageMs = 10 * 60_000

/** Waits for a job's end, prints its output (or its JSON), and returns the exit code that stands for it. */
export async function followJob(context: Context, id: string, signal?: AbortSignal): Promise<number> {
  const { client, io, values } = context
  const job = await client().jobs.wait(id, {
    maxOutageMs,
    onOutage: ({ message }) => io.stderr.write(`skyclaw: still waiting for the job: ${plainLine(message)}\n`),
    ...(signal && { signal }),
  })
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

/** Why it ended, when neither its output nor a code of its own says so. */
function endNote(job: Job): string | undefined {
  if (job.status === 'cancelled') return `cancelled${job.cancelReason === undefined ? '' : `: ${job.cancelReason}`}`
  if (job.status === 'completed' || exitCodeOf(job) < exitCodes.timedOut) return undefined
  return job.error ?? 'the job failed'
}
