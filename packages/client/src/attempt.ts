import { describeNetworkError } from './network-error.ts'
import { TooLargeError } from './transport.ts'

export type AttemptFailure = {
  kind: 'failed'
  message: string
  mayHaveArrived: boolean
  timedOut: boolean
  tooLarge: boolean
}

/** Sends a request once, for at most `timeoutMs`. Never rejects; after that time, or when `signal` is aborted, what `send` got is. */
export async function attempt<T>(
  send: (signal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<AttemptFailure | { kind: 'answered'; response: T }> {
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
    return { kind: 'answered', response: await send(controller.signal) }
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
