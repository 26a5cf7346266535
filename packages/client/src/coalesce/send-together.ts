import { routes } from '@skyclaw/protocol'
import { readAnswer } from '../answer.ts'
import { attempt } from '../attempt.ts'
import type { CallContext } from '../call-context.ts'
import { startCourse, timeOf } from '../course.ts'
import { ProblemResponseError, SkyclawError } from '../errors.ts'
import { failed } from '../failover/failover.ts'
import { takeAnswer, takeFailure } from '../outcome.ts'
import { type Answered, pursue } from '../pursue.ts'
import { type Caller, type SharedCourse } from './caller.ts'
import { compose } from './compose.ts'
import { readResults } from './read-results.ts'

/*
 * One request for several callers. It goes from coordinator to coordinator as a call does; each caller takes its own answer out of the
 * first one that has it, and leaves with its own signal or at its own deadline. The request goes on with those who are left: with
 * whoever was told to try again, after the wait of the failover policy. What a coordinator refuses as a whole may be the fault
 * of one of them alone: the halves go on apart, down to single ones, and each gets what is its own.
 */

/** Sends what the callers want, until each of them has what a call of its own would have given. Never rejects. */
export async function sendTogether(
  context: CallContext,
  callers: readonly Caller[],
  attemptTimeoutMs: number,
  outcomeUnknown = false,
): Promise<void> {
  const gone = new AbortController()
  const timeoutMs = Math.max(1, callers.at(-1)!.deadline - performance.now())
  const course: SharedCourse = {
    ...startCourse({ writes: true, timeoutMs, attemptTimeoutMs }),
    asking: new Map(),
    left: () => {
      if (callers.every(({ isOver }) => isOver)) gone.abort(new SkyclawError('nobody waits for it any more'))
    },
  }
  course.outcomeUnknown = outcomeUnknown
  for (const caller of callers) caller.course = course
  const parents = [context.closing, gone.signal]
  try {
    const answer = await pursue(context, course, parents, (url, signal) =>
      askOne(context, course, callers, url, signal),
    )
    if (!answer) for (const caller of waiting(callers)) caller.fail(caller.givingUp(course))
  } catch (error) {
    const left = waiting(callers)
    if (left.length > 1 && !context.closing.aborted && isOfOne(error)) {
      const middle = Math.ceil(left.length / 2)
      const halves = [left.slice(0, middle), left.slice(middle)]
      // At once: where answers take long, one after the other would take more time than the callers have.
      await Promise.all(halves.map((half) => sendTogether(context, half, attemptTimeoutMs, course.outcomeUnknown)))
      return
    }
    for (const caller of left) caller.fail(ownError(caller, error))
  }
}

function waiting(callers: readonly Caller[]): Caller[] {
  return callers.filter(({ isOver }) => !isOver)
}

/** Whether a refusal of the whole may be about some of it only. The token is everybody's. */
function isOfOne(error: unknown): boolean {
  return error instanceof SkyclawError && !(error instanceof ProblemResponseError && error.code === 'unauthorized')
}

function ownError(caller: Caller, error: unknown): unknown {
  if (!(error instanceof ProblemResponseError)) return error
  return new ProblemResponseError(error.problem, error.url, error.outcomeUnknown || caller.outcomeUnknown)
}

/** Asks one coordinator for those who still wait; undefined when another one is to be asked for the rest of them. */
async function askOne(
  context: CallContext,
  course: SharedCourse,
  callers: readonly Caller[],
  url: string,
  signal: AbortSignal,
): Promise<Answered | undefined> {
  const sent = waiting(callers)
  const { transport } = context.options
  const { route, request } = compose(context.options, sent)
  const timeMs = timeOf(course)
  course.asking.set(url, performance.now())
  const send = (ending: AbortSignal) => transport.send({ ...request, url: url + route.path, signal: ending })
  const outcome = await attempt(send, timeMs, signal).finally(() => course.asking.delete(url))
  signal.throwIfAborted()
  if (outcome.kind === 'failed') return takeFailure(context, course, url, outcome, timeMs)
  const answer = readAnswer(route, outcome.response)
  if (answer.kind !== 'ok' || route === routes.enqueueJob) {
    const single = takeAnswer(context, course, url, answer, outcome.response)
    if (single) sent[0]?.take(single.value as never)
    return single
  }
  return takeResults(context, course, url, sent, answer.value)
}

/** Gives each caller its own result of a batch; undefined when some of them are to try again. */
function takeResults(
  context: CallContext,
  course: SharedCourse,
  url: string,
  sent: readonly Caller[],
  value: unknown,
): Answered | undefined {
  const results = readResults(value, sent.length)
  if (!results) {
    const message = 'answered with other than one result for each job'
    return takeAnswer(context, course, url, { kind: 'foreign', message, next: 'other' }, { status: 200 })
  }
  let again: Caller['lastProblem']
  let isAnyDone = false
  for (const [index, caller] of sent.entries()) {
    const result = results[index]!
    if (caller.isOver) continue
    if (result.kind === 'again') {
      caller.note(result.problem, url, result.isDoubtful)
      again = { problem: result.problem, url }
      continue
    }
    isAnyDone = true
    if (result.kind === 'done') caller.take(result.answer)
    else {
      const outcomeUnknown = result.isDoubtful || caller.outcomeUnknown || course.outcomeUnknown
      caller.fail(new ProblemResponseError(result.problem, url, outcomeUnknown))
    }
  }
  if (!again) return takeAnswer(context, course, url, { kind: 'ok', value }, { status: 200 })
  const { problem } = again
  course.failures.set(url, { url, message: `${problem.code}: ${problem.detail}` })
  context.liveness.heard(url)
  // Who does for others what was asked is in order.
  const countsAgainst = !isAnyDone && problem.status >= 500
  failed(context.failover, course.progress, url, performance.now(), { countsAgainst, exclude: false })
  return undefined
}
