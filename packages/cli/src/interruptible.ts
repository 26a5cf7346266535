import { exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

/** Runs work that a signal ends in order: it gets the signal to pass on, and what it holds is released. Returns the exit code. */
export async function interruptible(
  io: Io,
  interrupted: string,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController()
  const undo = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) =>
    io.onSignal(name, () => {
      // On a terminal the cursor stands behind the ^C.
      if (io.stderr.isTTY && !controller.signal.aborted) io.stderr.write('\n')
      controller.abort()
    }),
  )
  try {
    return await work(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    io.stderr.write(`skyclaw: ${interrupted}\n`)
    return exitCodes.cancelled
  } finally {
    for (const one of undo) one()
  }
}
