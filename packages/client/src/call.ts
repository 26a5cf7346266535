import { type OperationId, retryHeader } from '@skyclaw/protocol'
import { readAnswer } from './answer.ts'
import { attempt, type AttemptOutcome } from './attempt.ts'
import { type Course, givingUp, remember, startCourse } from './course.ts'
import { ProblemResponseError, SkyclawError, UnexpectedAnswerError } from './errors.ts'
import { answered, decide, type Failover, failed, hasOther, silent } from './failover/failover.ts'
import type { Liveness } from './liveness.ts'
import type { ResolvedOptions } from './options.ts'
import { type CallInput, prepare } from './prepare.ts'
import { Race } from './race.ts'
import { retryAfterMs } from './retry-after.ts'

export interface CallContext {
  options: ResolvedOptions
  failover: Failover
  liveness: Liveness
  /** Aborted when the client is closed. */
  closing: AbortSignal
}

/** What became of asking one coordinator. `attempt` is aborted once that has ended. */
interface Event {
  url: string
  kind: 'answer' | 'nothing' | 'silence'
  value?: unknown
  attempt: AbortSignal
}

/**
 * One call: asks coordinator after coordinator, with one idempotency key, until one gives an answer to keep. One that is
 * silent may still answer while the next one is asked, and the first answer counts.
 */
export async function performCall(context: CallContext, operation: OperationId, input: CallInput): Promise<unknown> {
  const { failover } = context
  const course = startCourse(prepare(context.options, operation, input))
  using race = new Race<Event>([context.closing, ...(input.signal ? [input.signal] : [])])
  let asked: string | undefined
  for (;;) {
    race.signal.throwIfAborted()
    let waitMs: number | undefined
    if (asked === undefined) {
      const now = performance.now()
      const decision = decide(failover, course.progress, now, Math.random())
      if (decision.kind === 'give-up') throw givingUp(course)
      if (decision.kind === 'ask') enter(context, course, race, (asked = decision.url))
      else waitMs = Math.max(1, decision.until - now)
    }
    const event = await race.next(waitMs)
    if (event?.kind === 'answer') return event.value
    if (event?.url === asked && goesOn(failover, course, event)) asked = undefined
  }
}

/** Whether another coordinator is to be asked after this. */
function goesOn(failover: Failover, course: Course, event: Event | undefined): boolean {
  if (event?.kind !== 'silence') return true
  const { url, attempt: asking } = event
  if (asking.aborted || !hasOther(failover, course.progress, url)) return false
  silent(failover, course.progress, url, performance.now())
  // The call may end before this attempt does.
  if (course.writes) course.outcomeUnknown = true
  course.failures.set(url, { url, message: 'no answer, nor to a ping' })
  return true
}

/** Asks a coordinator, and watches whether it is there as long as it owes the answer. */
function enter(context: CallContext, course: Course, race: Race<Event>, url: string): void {
  const ended = new AbortController()
  const { signal } = ended
  race.enter(
    askOne(context, course, url, race.signal)
      .then((answer): Event => ({ kind: answer ? 'answer' : 'nothing', url, attempt: signal, ...answer }))
      .finally(() => ended.abort()),
  )
  if (!hasOther(context.failover, course.progress, url)) return
  race.enter(context.liveness.silence(url, signal).then(() => ({ kind: 'silence', url, attempt: signal })))
}

/** Asks one coordinator; undefined when another one is to be asked. Throws what is final. */
async function askOne(
  { failover, options, liveness }: CallContext,
  course: Course,
  url: string,
  signal: AbortSignal,
): Promise<{ value: unknown } | undefined> {
  const remainingMs = Math.max(1, course.progress.deadline - performance.now())
  const request = { ...course.request, headers: headersOf(course), url: url + course.path }
  const outcome = await attempt(options.transport, request, Math.min(course.attemptTimeoutMs, remainingMs), signal)
  signal.throwIfAborted()
  const now = performance.now()
  if (outcome.kind === 'failed') {
    const cutShort = outcome.timedOut && remainingMs < course.attemptTimeoutMs
    note(course, url, outcome, cutShort)
    failed(failover, course.progress, url, now, { countsAgainst: !cutShort, exclude: false })
    return undefined
  }
  liveness.heard(url)
  const { status, retryAfter: header } = outcome.response
  const answer = readAnswer(course.route, outcome.response)
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
  failed(failover, course.progress, url, now, {
    countsAgainst: status >= 500,
    exclude: answer.kind === 'foreign' && answer.next === 'other',
    ...(retryAfter !== undefined && { retryAfterMs: retryAfter }),
  })
  return undefined
}

/** Keeps what an attempt without an answer tells. Throws when the answer was too large, which no other will mend. */
function note(course: Course, url: string, outcome: AttemptOutcome & { kind: 'failed' }, cutShort: boolean): void {
  if (outcome.mayHaveArrived && course.writes) course.outcomeUnknown = true
  if (outcome.tooLarge) {
    throw new SkyclawError(`${url}: ${outcome.message}`, { outcomeUnknown: course.outcomeUnknown })
  }
  // An attempt that the end of the call cut short tells less than the one before it.
  if (!cutShort || !course.failures.has(url)) course.failures.set(url, { url, message: outcome.message })
}

/** Coordinators look further for what an earlier attempt may have done elsewhere, but only when there was one. */
function headersOf({ request, progress }: Course): Record<string, string> {
  return progress.attempts > 1 ? { ...request.headers, [retryHeader]: String(progress.attempts - 1) } : request.headers
}
