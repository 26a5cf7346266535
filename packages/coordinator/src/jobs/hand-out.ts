import { type Job, type JobRecord, ProblemError } from '@skyclaw/protocol'
import type { JobQueue } from './queue.ts'
import type { Secrets } from './secrets.ts'

const wrongToken =
  'the secrets of this job were sealed under another token than the one that the coordinator has now: enqueue it anew'

/**
 * Shows leased jobs to the host that leased them, with their secrets. An attempt whose secrets cannot be opened is not begun: it has
 * failed, and the host does not see it.
 */
export async function handOut(queue: JobQueue, secrets: Secrets, records: readonly JobRecord[]): Promise<Job[]> {
  const shown = await Promise.all(
    records.map(async (record) => {
      const payload = secrets.open(record)
      if (payload) return [{ ...(await queue.view(record)), payload }]
      const { hostId, attempt } = record.lease!
      const ended = { success: false, durationMs: 0, exitCode: null, stdout: '', stderr: '', error: wrongToken }
      await queue.complete(record.id, { hostId, attempt, ...ended }).catch(unlessProblem)
      return []
    }),
  )
  return shown.flat()
}

/** The host gets its other jobs all the same. A lease that could not be ended now is taken back in time, since the host does not name it. */
function unlessProblem(error: unknown): void {
  if (!(error instanceof ProblemError)) throw error
}
