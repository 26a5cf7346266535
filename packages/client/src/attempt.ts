import { describeNetworkError } from './network-error.ts'
import { TooLargeError, type Transport, type TransportRequest, type TransportResponse } from './transport.ts'

export type AttemptOutcome =
  | { kind: 'answered'; response: TransportResponse }
  | { kind: 'failed'; message: string; mayHaveArrived: boolean; timedOut: boolean; tooLarge: boolean }

/** Sends a request once, for at most `timeoutMs`. Never rejects; nothing of it is left running when it returns. */
export async function attempt(
  transport: Transport,
  request: Omit<TransportRequest, 'signal'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const controller = new AbortController()
  const abort = () => controller.abort(signal.reason)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    controller.abort(new Error('timed out'))
  }, timeoutMs)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return { kind: 'answered', response: await transport.send({ ...request, signal: controller.signal }) }
  } catch (error) {
    if (timedOut) {
      const message = `no answer within ${Math.round(timeoutMs)} ms`
      return { kind: 'failed', message, mayHaveArrived: true, timedOut, tooLarge: false }
    }
    const tooLarge = error instanceof TooLargeError
    return { kind: 'failed', ...describeNetworkError(error), timedOut, tooLarge }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
