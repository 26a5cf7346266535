import type { Problem } from '@skyclaw/protocol'
import type { Answer } from './answer.ts'
import { type FailedAttempt, ProblemResponseError, type SkyclawError } from './errors.ts'
import { UnexpectedAnswerError, UnreachableError } from './errors.ts'
import { type CallProgress, startCall } from './failover/failover.ts'
import type { Terms } from './prepare.ts'

/** What one call has met so far. */
export interface Course extends Terms {
  progress: CallProgress
  failures: Map<string, FailedAttempt>
  startedAt: number
  lastProblem: { problem: Problem; url: string } | undefined
  lastForeign: { message: string; url: string; status: number } | undefined
  outcomeUnknown: boolean
}

export function startCourse<T extends Terms>(terms: T): T & Course {
  const startedAt = performance.now()
  return {
    ...terms,
    progress: startCall(startedAt + terms.timeoutMs),
    startedAt,
    failures: new Map(),
    lastProblem: undefined,
    lastForeign: undefined,
    outcomeUnknown: false,
  }
}

/** Keeps what an answer that is none to keep says, for the error at the end. */
export function remember(course: Course, url: string, status: number, answer: Exclude<Answer, { kind: 'ok' }>): void {
  if (answer.kind === 'foreign') {
    // A proxy that gave up waiting may have let the request through; a server that broke may have broken afterwards.
    if (status >= 500 && status !== 503 && course.writes) course.outcomeUnknown = true
    course.lastForeign = { url, status, message: answer.message }
    course.failures.set(url, { url, message: answer.message })
    return
  }
  if (course.writes && leavesDoubt(answer.problem)) course.outcomeUnknown = true
  course.lastProblem = { url, problem: answer.problem }
  course.failures.set(url, { url, message: `${answer.problem.code}: ${answer.problem.detail}` })
}

/** Whether a write may have happened although it was answered so. */
export function leavesDoubt({ outcome, code }: Problem): boolean {
  return outcome === 'unknown' || (outcome === undefined && code === 'internal')
}

/** The error that tells most: what a coordinator said about the request goes before what the network said. */
export function givingUp(course: Course): SkyclawError {
  const { lastProblem, lastForeign, outcomeUnknown } = course
  if (lastProblem) return new ProblemResponseError(lastProblem.problem, lastProblem.url, outcomeUnknown)
  const failures = [...course.failures.values()]
  if (lastForeign && failures.length === 1) {
    return new UnexpectedAnswerError(lastForeign.url, lastForeign.status, lastForeign.message, outcomeUnknown)
  }
  return new UnreachableError(failures, Math.round(performance.now() - course.startedAt), outcomeUnknown)
}

/** Milliseconds that the next attempt has: those of an attempt, or what is left of the call. */
export function timeOf({ progress, attemptTimeoutMs }: Course): number {
  return Math.min(attemptTimeoutMs, Math.max(1, progress.deadline - performance.now()))
}
