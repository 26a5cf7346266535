import type { CallContext } from './call-context.ts'
import type { Course } from './course.ts'
import { decide, type Failover, hasOther, silent } from './failover/failover.ts'
import { Race } from './race.ts'

/** An answer to keep. */
export interface Answered {
  value: unknown
}

/** Asks one coordinator; undefined when another one is to be asked. Rejects with what is final. */
export type Ask = (url: string, signal: AbortSignal) => Promise<Answered | undefined>

/** What became of asking one coordinator. `attempt` is aborted once that has ended. */
interface Event {
  url: string
  kind: 'answer' | 'nothing' | 'silence'
  answer?: Answered
  attempt: AbortSignal
}

/**
 * Asks coordinator after coordinator by the failover policy until one gives an answer to keep; undefined when the course gives up.
 * Rejects with what is final, and with the reason of any of `parents` that is aborted.
 */
export async function pursue(
  context: CallContext,
  course: Course,
  parents: readonly AbortSignal[],
  ask: Ask,
): Promise<Answered | undefined> {
  const { failover } = context
  using race = new Race<Event>(parents)
  let asked: string | undefined
  for (;;) {
    race.signal.throwIfAborted()
    let waitMs: number | undefined
    if (asked === undefined) {
      const now = performance.now()
      const decision = decide(failover, course.progress, now, Math.random())
      if (decision.kind === 'give-up') return undefined
      if (decision.kind === 'ask') enter(context, course, race, (asked = decision.url), ask)
      else waitMs = Math.max(1, decision.until - now)
    }
    const event = await race.next(waitMs)
    if (event?.kind === 'answer') return event.answer
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
function enter(context: CallContext, course: Course, race: Race<Event>, url: string, ask: Ask): void {
  const ended = new AbortController()
  const { signal } = ended
  race.enter(
    ask(url, race.signal)
      .then((answer): Event => ({
        kind: answer ? 'answer' : 'nothing',
        url,
        attempt: signal,
        ...(answer && { answer }),
      }))
      .finally(() => ended.abort()),
  )
  if (!hasOther(context.failover, course.progress, url)) return
  race.enter(context.liveness.silence(url, signal).then(() => ({ kind: 'silence', url, attempt: signal })))
}
