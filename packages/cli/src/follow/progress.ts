import type { Job } from '@skyclaw/protocol'
import type { Context } from '../command.ts'
import { plainLine } from '../render/plain-text.ts'

const intervalMs = 1_000
/** A job that takes longer than this to start is worth a word. */
const patienceMs = 5_000

/** On a terminal, says on stderr what the job waits for and where it runs. Returns what ends it. */
export function showProgress(context: Context, id: string): () => void {
  const { io } = context
  if (!io.stderr.isTTY) return () => {}
  const startedAt = io.now()
  let asking = false
  let said = ''
  const timer = setInterval(() => {
    if (asking) return
    asking = true
    context
      .client()
      .jobs.get(id)
      .then((job) => {
        const line = describe(job, io.now() - startedAt)
        if (line !== undefined && line !== said) io.stderr.write(`skyclaw: ${plainLine(line)}\n`)
        said = line ?? said
      })
      // The wait that goes on beside this reports what is wrong.
      .catch(() => {})
      .finally(() => (asking = false))
  }, intervalMs)
  return () => clearInterval(timer)
}

function describe(job: Job, elapsedMs: number): string | undefined {
  if (job.status === 'leased') return `running on ${job.assignedHostId} (try ${job.attempts})`
  if (job.status !== 'queued' || elapsedMs < patienceMs) return undefined
  return job.attempts > 0
    ? 'queued again after a try that failed'
    : `queued: no host has taken it yet; it needs ${(job.requirement.requiredCapabilities ?? []).join(', ')}`
}
