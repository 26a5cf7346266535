import { setTimeout as sleep } from 'node:timers/promises'
import { OptionError, ProblemResponseError, SkyclawError, UnexpectedAnswerError, UnreachableError } from './errors.ts'

/** While no coordinator answers, they are asked at most once in this time. */
export const minOutageIntervalMs = 500

/** How long an outage may last when nobody says. */
export const defaultMaxOutageMs = 3_600_000

/** The error, when it says nothing about the job: no coordinator, or one that cannot answer for now. Throws any other. */
export function passing(error: unknown): SkyclawError {
  if (error instanceof UnreachableError) return error
  if (error instanceof ProblemResponseError && error.problem.retryable) return error
  if (error instanceof UnexpectedAnswerError && error.status >= 500) return error
  throw error
}

export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, signal && { signal }).catch(() => signal?.throwIfAborted())
}

/** Throws an `OptionError` for what is no time. */
export function checkMs(option: string, value: number | undefined): void {
  if (value === undefined || value >= 0) return
  throw new OptionError(option, `must be a number of milliseconds from 0, not ${String(value)}`)
}
