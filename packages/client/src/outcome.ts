import type { Answer } from './answer.ts'
import type { AttemptFailure } from './attempt.ts'
import type { CallContext } from './call-context.ts'
import { type Course, remember } from './course.ts'
import { ProblemResponseError, SkyclawError, UnexpectedAnswerError } from './errors.ts'
import { answered, failed } from './failover/failover.ts'
import { retryAfterMs } from './retry-after.ts'
import type { TransportResponse } from './transport.ts'

/** Takes in how a coordinator answered: the value, or undefined when another one is to be asked. Throws what is final. */
export function takeAnswer(
  { failover, options, liveness }: CallContext,
  course: Course,
  url: string,
  answer: Answer,
  { status, retryAfter: header }: Pick<TransportResponse, 'status' | 'retryAfter'>,
): { value: unknown } | undefined {
  liveness.heard(url)
  if (answer.kind === 'ok') {
    answered(failover, url)
    return { value: answer.value }
  }
  remember(course, url, status, answer)
  if (answer.kind === 'problem' && !answer.retry) {
    answered(failover, url)
    throw new ProblemResponseError(answer.problem, url, course.outcomeUnknown)
  }
  if (answer.kind === 'foreign' && answer.next === 'final') {
    throw new UnexpectedAnswerError(url, status, answer.message, course.outcomeUnknown)
  }
  const retryAfter = retryAfterMs(header, Date.now(), options.maxRetryAfterMs)
  failed(failover, course.progress, url, performance.now(), {
    countsAgainst: status >= 500,
    exclude: answer.kind === 'foreign' && answer.next === 'other',
    ...(retryAfter !== undefined && { retryAfterMs: retryAfter }),
  })
  return undefined
}

/**
 * Takes in that an attempt, which had `timeMs`, brought no answer; another coordinator is to be asked. Throws when the answer was
 * too large, which no other will mend.
 */
export function takeFailure(
  { failover }: CallContext,
  course: Course,
  url: string,
  { message, mayHaveArrived, timedOut, tooLarge }: AttemptFailure,
  timeMs: number,
): undefined {
  const cutShort = timedOut && timeMs < course.attemptTimeoutMs
  if (mayHaveArrived && course.writes) course.outcomeUnknown = true
  if (tooLarge) throw new SkyclawError(`${url}: ${message}`, { outcomeUnknown: course.outcomeUnknown })
  // An attempt that the end of the call cut short tells less than the one before it.
  if (!cutShort || !course.failures.has(url)) course.failures.set(url, { url, message })
  failed(failover, course.progress, url, performance.now(), { countsAgainst: !cutShort, exclude: false })
}
