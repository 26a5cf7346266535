import type { Io } from '../io.ts'

const intervalMs = 2_000

/** On a terminal, says on stderr from time to time how many records are done. */
export function sayHowFar(io: Io, done: 'written' | 'restored'): (records: number) => void {
  if (!io.stderr.isTTY) return () => {}
  let saidAt = io.now()
  return (records) => {
    if (io.now() - saidAt < intervalMs) return
    saidAt = io.now()
    io.stderr.write(`skyclaw: ${records} records ${done} so far\n`)
  }
}
