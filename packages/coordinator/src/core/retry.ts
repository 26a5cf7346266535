/** Bounds of the time before a job is tried again. */
export const retryBackoff = { baseMs: 2_000, maxMs: 3_600_000 } as const

/**
 * Full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015): a random time below
 * min(1 h, 2 s * 2^n), where n counts the tries that failed before this one.
 *
 * @param failures tries that have failed so far, at least 1
 * @param random from [0, 1)
 * @returns milliseconds
 */
export function backoffMs(failures: number, random: number): number {
  return Math.floor(random * Math.min(retryBackoff.maxMs, retryBackoff.baseMs * 2 ** Math.min(failures - 1, 40)))
}
