export interface BackoffOptions {
  baseMs: number
  maxMs: number
}

/**
 * Exponential backoff with equal jitter: half of min(maxMs, baseMs * 2^failures) is kept, the other half is random, so
 * that neither a storm of equal delays nor a delay of nothing happens.
 *
 * @param failures failures so far, from 0
 * @param random in [0, 1)
 */
export function backoffMs(failures: number, random: number, { baseMs, maxMs }: BackoffOptions): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures, 30))
  return full / 2 + (full / 2) * random
}
