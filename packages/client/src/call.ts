import { type OperationId, retryHeader } from '@skyclaw/protocol'
import { attempt } from './attempt.ts'
import type { CallContext } from './call-context.ts'
import { type Course, givingUp, startCourse, timeOf } from './course.ts'
import { OptionError } from './errors.ts'
import { decide, type Failover, hasOther, silent } from './failover/failover.ts'
import { takeAnswer, takeFailure } from './outcome.ts'
import { type CallInput, prepare } from './prepare.ts'
import { Race } from './race.ts'

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
  const prepared = prepare(context.options, operation, input)
  if (prepared.route.events) throw new OptionError('operationId', `${operation} is a stream, not a call: use jobs.logs`)
  const course = startCourse(prepared)
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
  context: CallContext,
  course: Course,
  url: string,
  signal: AbortSignal,
): Promise<{ value: unknown } | undefined> {
  const timeMs = timeOf(course)
  const request = { ...course.request, headers: headersOf(course), url: url + course.path }
  const { transport } = context.options
  const outcome = await attempt((ending) => transport.send({ ...request, signal: ending }), timeMs, signal)
  signal.throwIfAborted()
  if (outcome.kind === 'failed') return takeFailure(context, course, url, outcome, timeMs)
  return takeAnswer(context, course, url, outcome.response)
}

/** Coordinators look further for what an earlier attempt may have done elsewhere, but only when there was one. */
function headersOf({ request, progress }: Course): Record<string, string> {
  return progress.attempts > 1 ? { ...request.headers, [retryHeader]: String(progress.attempts - 1) } : request.headers
}
