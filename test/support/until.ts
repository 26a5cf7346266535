import { setTimeout as pause } from 'node:timers/promises'

export interface UntilOptions {
  /** Milliseconds after which it gives up; default 10,000. */
  readonly deadlineMs?: number
  /** Milliseconds between two looks; default 10. */
  readonly everyMs?: number
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>

/**
 * Looks again and again until `look` answers something truthy, and answers that. Rejects after the deadline, with what it waited for
 * and what the last look answered or threw.
 *
 * @param what completes the sentence "waited for …"
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { deadlineMs = 10_000, everyMs = 10 }: UntilOptions = {},
): Promise<Truthy<T>> {
  const startedAt = performance.now()
  let last = 'nothing was seen'
  let cause: unknown
  for (;;) {
    try {
      const seen = await look()
      if (seen) return seen as Truthy<T>
      last = `last seen: ${JSON.stringify(seen)}`
      cause = undefined
    } catch (error) {
      last = `last error: ${error instanceof Error ? error.message : String(error)}`
      cause = error
    }
    if (performance.now() - startedAt > deadlineMs) {
      throw new Error(`waited ${deadlineMs} ms for ${what}; ${last}`, { cause })
    }
    await pause(everyMs)
  }
}
