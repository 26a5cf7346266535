import { setTimeout as sleep } from 'node:timers/promises'
import { readAnswer } from '../answer.ts'
import { attempt } from '../attempt.ts'
import type { CallContext } from '../call-context.ts'
import { type Course, givingUp, timeOf } from '../course.ts'
import { decide, hasOther } from '../failover/failover.ts'
import { takeAnswer, takeFailure } from '../outcome.ts'
import { eventStreamType, type Prepared } from '../prepare.ts'
import { readWhole, type TransportStream } from '../transport.ts'

/** An answer to a request for a stream that is none says why in a few lines. */
const maxRefusalBytes = 1_048_576

export interface OpenStream {
  readonly url: string
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the body and its connection. */
  end(reason: Error): void
}

/**
 * Asks coordinator after coordinator by the failover policy until one begins a stream. Rejects as a call does: with what a
 * coordinator said about the request, with `givingUp` at the course's deadline, or with the signal's reason.
 */
export async function openStream(
  context: CallContext,
  course: Course & Prepared,
  signal: AbortSignal,
): Promise<OpenStream> {
  for (;;) {
    signal.throwIfAborted()
    const now = performance.now()
    const decision = decide(context.failover, course.progress, now, Math.random())
    if (decision.kind === 'give-up') throw givingUp(course)
    if (decision.kind === 'wait') {
      await sleep(Math.max(1, decision.until - now), undefined, { signal }).catch(() => signal.throwIfAborted())
      continue
    }
    const stream = await openAt(context, course, decision.url, signal)
    if (stream) return stream
  }
}

/** Asks one coordinator; undefined when another one is to be asked. Throws what is final. */
async function openAt(
  context: CallContext,
  course: Course & Prepared,
  url: string,
  signal: AbortSignal,
): Promise<OpenStream | undefined> {
  const { transport } = context.options
  const { maxResponseBytes: _, ...request } = course.request
  const ending = new AbortController()
  const both = AbortSignal.any([signal, ending.signal])
  const opened = new AbortController()
  if (hasOther(context.failover, course.progress, url)) {
    const giveUp = () => ending.abort(new Error('no answer, nor to a ping'))
    void context.liveness.silence(url, opened.signal).then(() => opened.signal.aborted || giveUp())
  }
  const timeMs = timeOf(course)
  const open = async (inTime: AbortSignal) => {
    const ended = AbortSignal.any([inTime, both])
    const stream = await transport.open({ ...request, url: url + course.path, signal: ended })
    return isEventStream(stream) ? { stream } : { answer: await readWhole(stream, maxRefusalBytes) }
  }
  const outcome = await attempt(open, timeMs, both).finally(() => opened.abort())
  if (outcome.kind === 'answered' && outcome.response.stream) {
    context.liveness.heard(url)
    return { url, body: outcome.response.stream.body, end: (reason) => ending.abort(reason) }
  }
  ending.abort()
  signal.throwIfAborted()
  // Whoever refuses at such length is no coordinator; another one may be.
  if (outcome.kind === 'failed') return takeFailure(context, course, url, { ...outcome, tooLarge: false }, timeMs)
  const answer = outcome.response.answer!
  takeAnswer(context, course, url, readAnswer(course.route, answer), answer)
  return undefined
}

function isEventStream({ status, contentType = '' }: TransportStream): boolean {
  return status === 200 && contentType.split(';', 1)[0]?.trim().toLowerCase() === eventStreamType
}
