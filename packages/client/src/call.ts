import { type OperationId, retryHeader } from '@skyclaw/protocol'
import { readAnswer } from './answer.ts'
import { attempt } from './attempt.ts'
import type { CallContext } from './call-context.ts'
import { type Course, givingUp, startCourse, timeOf } from './course.ts'
import { OptionError } from './errors.ts'
import { takeAnswer, takeFailure } from './outcome.ts'
import { type CallInput, type Prepared, prepare } from './prepare.ts'
import { type Answered, pursue } from './pursue.ts'

/**
 * One call: asks coordinator after coordinator, with one idempotency key, until one gives an answer to keep. One that is
 * silent may still answer while the next one is asked, and the first answer counts.
 */
export async function performCall(context: CallContext, operation: OperationId, input: CallInput): Promise<unknown> {
  const prepared = prepare(context.options, operation, input)
  if (prepared.route.events) throw new OptionError('operationId', `${operation} is a stream, not a call: use jobs.logs`)
  const course = startCourse(prepared)
  const parents = [context.closing, ...(input.signal ? [input.signal] : [])]
  const answer = await pursue(context, course, parents, (url, signal) => askOne(context, course, url, signal))
  if (!answer) throw givingUp(course)
  return answer.value
}

/** Asks one coordinator; undefined when another one is to be asked. Throws what is final. */
async function askOne(
  context: CallContext,
  course: Course & Prepared,
  url: string,
  signal: AbortSignal,
): Promise<Answered | undefined> {
  const timeMs = timeOf(course)
  const request = { ...course.request, headers: headersOf(course), url: url + course.path }
  const { transport } = context.options
  const outcome = await attempt((ending) => transport.send({ ...request, signal: ending }), timeMs, signal)
  signal.throwIfAborted()
  if (outcome.kind === 'failed') return takeFailure(context, course, url, outcome, timeMs)
  return takeAnswer(context, course, url, readAnswer(course.route, outcome.response), outcome.response)
}

/** Coordinators look further for what an earlier attempt may have done elsewhere, but only when there was one. */
function headersOf({ request, progress }: Course & Prepared): Record<string, string> {
  return progress.attempts > 1 ? { ...request.headers, [retryHeader]: String(progress.attempts - 1) } : request.headers
}
