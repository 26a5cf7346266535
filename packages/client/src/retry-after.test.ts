import { expect, test } from 'vitest'
import { retryAfterMs } from './retry-after.ts'

test('Retry-After is read as seconds or a date, bounded, and ignored when it is neither', () => {
  const now = Date.parse('2026-11-22T10:00:00Z')
  expect(retryAfterMs('3', now, 60_000)).toBe(3_000)
  expect(retryAfterMs('86400', now, 60_000)).toBe(60_000)
  expect(retryAfterMs('Sun, 22 Nov 2026 10:00:05 GMT', now, 60_000)).toBe(5_000)
  expect(retryAfterMs('Sun, 22 Nov 2026 09:00:00 GMT', now, 60_000)).toBe(0)
  for (const bad of [undefined, '', 'soon', '-1', '1.5e9']) expect(retryAfterMs(bad, now, 60_000)).toBeUndefined()
})
