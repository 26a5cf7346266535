/**
 * The milliseconds a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date), at most `maxMs`; undefined for
 * one that cannot be read.
 */
export function retryAfterMs(header: string | undefined, now: number, maxMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  if (/^\d{1,12}$/.test(text)) return Math.min(maxMs, Number(text) * 1_000)
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(date)) return undefined
  return Math.min(maxMs, Math.max(0, date - now))
}
