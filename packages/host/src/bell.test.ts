import { expect, test } from 'vitest'
import { Bell } from './bell.ts'

const long = 60_000

test('a bell wakes who waits, and was it rung before, the next one, once', async () => {
  const bell = new Bell()
  const { signal } = new AbortController()
  const waiting = bell.wait(long, signal)
  bell.ring()
  expect(await waiting).toBe('rung')
  bell.ring()
  bell.ring()
  expect(await bell.wait(long, signal)).toBe('rung')
  const startedAt = performance.now()
  expect(await bell.wait(30, signal)).toBe('time_up')
  expect(performance.now() - startedAt).toBeGreaterThan(20)
})

test('a signal ends the wait, also one that came before', async () => {
  const bell = new Bell()
  const controller = new AbortController()
  const waiting = bell.wait(long, controller.signal)
  controller.abort()
  expect(await waiting).toBe('ended')
  bell.ring()
  expect(await bell.wait(long, controller.signal)).toBe('ended')
})
