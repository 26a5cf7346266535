import type { Io } from '../io.ts'

/**
 * Counts SIGINT, SIGTERM and SIGHUP (the terminal was closed) from the moment it is called, and hands each to the listener when there is one. What came earlier is
 * handed over when the listener is set, so a signal during the start is not lost.
 */
export function countSignals(io: Io): { listen(listener: (count: number) => void): void; end(): void } {
  let count = 0
  let listener: ((count: number) => void) | undefined
  const hear = (): void => {
    count += 1
    listener?.(count)
  }
  const undo = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => io.onSignal(signal, hear))
  return {
    listen(to) {
      listener = to
      for (let heard = 1; heard <= count; heard += 1) to(heard)
    },
    end() {
      for (const one of undo) one()
    },
  }
}
