import { type AttemptOutcome, isTerminal, type Job, type JobStatus } from '@skyclaw/protocol'

export interface AttemptView {
  readonly hostId: string
  readonly outcome?: AttemptOutcome
}

/** What an answer said of a job, as far as it is checked. */
export interface JobView {
  readonly id: string
  /** What the request that made the job wrote into it, and no other request. */
  readonly tag: string
  readonly status: JobStatus
  /** By their fences, from 1. */
  readonly attempts: readonly AttemptView[]
  readonly cancelAsked?: true
  readonly duplicateOf?: string
  readonly stdout?: string
  /** Why it ended so, in its own words. */
  readonly reason?: string
}

interface Span {
  /** When it was sent, in milliseconds since the run began. */
  readonly at: number
  /** When it was answered; absent when it never was: then it may have happened or not, at any time since. */
  readonly until?: number
  readonly who: string
  /** Who answered. */
  readonly coordinator?: string
}

/** A call of a client or host, or what was done to a coordinator. */
export type Entry = Span &
  (
    | {
        readonly did: 'enqueue'
        readonly tags: readonly string[]
        readonly jobs?: readonly JobView[]
        refused?: string
      }
    | {
        readonly did: 'read'
        readonly how: 'get' | 'list' | 'wait'
        readonly jobs: readonly JobView[]
        missing?: string
      }
    | { readonly did: 'cancel'; readonly id: string; readonly jobs?: readonly JobView[]; missing?: string }
    | { readonly did: 'claim'; readonly key: string; readonly jobs: readonly JobView[] }
    | ReportEntry
    /** A job's process has run at a host, whatever became of its result. */
    | { readonly did: 'run'; readonly tag: string; readonly stdout: string }
    /** A job as a coordinator shows it after all is quiet. */
    | { readonly did: 'look'; readonly jobs: readonly JobView[] }
    /** All jobs of that coordinator were looked at. */
    | { readonly did: 'look at all' }
    | { readonly did: 'wipe' }
    | { readonly did: 'fault'; readonly what: string }
  )

export interface ReportEntry extends Span {
  readonly did: 'report'
  readonly id: string
  readonly attempt: number
  readonly outcome: 'completed' | 'failed' | 'drained'
  readonly stdout?: string
  readonly jobs?: readonly JobView[]
}

/** What clients and hosts did and were told, in any order. */
export type History = readonly Entry[]

export type Done<Did extends Entry['did']> = Extract<Entry, { did: Did }>

export const jobsOf = (entry: Entry): readonly JobView[] => ('jobs' in entry ? (entry.jobs ?? []) : [])

/** Whether the one was answered before the other was sent. */
export const isBefore = (first: Entry, second: Entry): boolean => first.until !== undefined && first.until < second.at

export function isDone<Did extends Entry['did']>(did: Did): (entry: Entry) => entry is Done<Did> {
  return (entry): entry is Done<Did> => entry.did === did
}

export function viewOf(job: Job): JobView {
  const reason = job.cancelReason ?? job.error
  return {
    id: job.id,
    tag: job.payload.args?.[0] ?? 'untagged',
    status: job.status,
    attempts: job.attemptHistory.map(({ hostId, outcome }) => ({ hostId, ...(outcome && { outcome }) })),
    ...(job.cancelRequestedAt !== undefined && { cancelAsked: true }),
    ...(job.duplicateOf !== undefined && { duplicateOf: job.duplicateOf }),
    ...(job.result && { stdout: job.result.stdout }),
    ...(reason !== undefined && { reason }),
  }
}

export const hasEnded = ({ status }: JobView): boolean => isTerminal(status)

/** The job as a whole. A late report of an attempt that had ended otherwise shows in some answers and not in others: it is of no effect. */
export function digestOf({ attempts, ...job }: JobView): string {
  const decided = attempts.map(({ hostId, outcome }) => [hostId, outcome === 'superseded' ? 'lease_lost' : outcome])
  return JSON.stringify({ ...job, decided })
}
