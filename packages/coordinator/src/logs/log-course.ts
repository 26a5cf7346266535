import { isTerminal, type JobRecord, type JobStatus, type ResultRecord } from '@skyclaw/protocol'

/** An attempt as far as its log is concerned. */
export interface AttemptCourse {
  readonly attempt: number
  readonly hostId: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** Whether it is over, for all that is known. */
  readonly over: boolean
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
  const attempts = job.attemptHistory.map(({ attempt, hostId, startedAt, finishedAt, outcome }) => ({
    ...{ attempt, hostId, startedAt, finishedAt },
    over: ended || outcome !== undefined || attempt < job.attempts,
  }))
  return { jobId: job.id, status: job.status, ended, attempts }
}

/** The result of an attempt, when it is the one that the job ended with. */
export function resultOf(job: JobRecord, attempt: number): ResultRecord | undefined {
  return isTerminal(job.status) && attempt === job.attempts ? job.result : undefined
}
