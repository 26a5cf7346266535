import { type AttemptRecord, isTerminal, type JobRecord, type JobStatus, type ResultRecord } from '@skyclaw/protocol'

/** An attempt as far as its log is concerned. */
export interface AttemptCourse {
  readonly attempt: number
  readonly hostId: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** Whether it is over, for all that is known. */
  readonly over: boolean
  /** Whether nobody may write to its log any more. */
  readonly superseded: boolean
  readonly finishedAt: number | undefined
}

/** What of a job matters to a reader of its output; the rest of the record is too large to be held for each. */
export interface LogCourse {
  readonly jobId: string
  readonly status: JobStatus
  readonly ended: boolean
  readonly attempts: readonly AttemptCourse[]
}

export function courseOf(job: JobRecord): LogCourse {
  const ended = isTerminal(job.status)
  const attempts = job.attemptHistory.map((entry) => ({
    attempt: entry.attempt,
    hostId: entry.hostId,
    startedAt: entry.startedAt,
    finishedAt: entry.finishedAt,
    over: ended || entry.outcome !== undefined || entry.attempt < job.attempts,
    superseded: isSuperseded(job, entry),
  }))
  return { jobId: job.id, status: job.status, ended, attempts }
}

/**
 * Whether another attempt came after one that its host did not report. The latest attempt is none, also when its lease was lost: nobody else
 * works on the job then.
 */
export function isSuperseded(job: JobRecord, { attempt, outcome }: AttemptRecord): boolean {
  const reported = outcome !== undefined && outcome !== 'lease_lost' && outcome !== 'drained'
  return attempt < job.attempts && !reported
}

/** The result of an attempt, when it is the one that the job ended with. */
export function resultOf(job: JobRecord, attempt: number): ResultRecord | undefined {
  return isTerminal(job.status) && attempt === job.attempts ? job.result : undefined
}
