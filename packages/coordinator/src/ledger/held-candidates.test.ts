import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ManualClock } from './conformance.ts'
import { HeldCandidates } from './held-candidates.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function bench() {
  const clock = new ManualClock()
  const released: string[] = []
  const held = new HeldCandidates(clock, (key) => void released.push(key))
  const pass = (ms: number) => {
    clock.advance(ms)
    vi.advanceTimersByTime(ms)
  }
  return { clock, held, released, pass }
}

test('a candidate is held for its time, then released once', () => {
  const { held, released, pass } = bench()
  held.hold('a', 15)
  pass(14)
  expect([held.leftMs('a'), released]).toEqual([1, []])
  pass(1)
  expect([held.leftMs('a'), released]).toEqual([0, ['a']])
  pass(1_000)
  expect(released).toEqual(['a'])
})

test('each is released at its own time, though the later was held first, and held anew it is released later', () => {
  const { held, released, pass } = bench()
  held.hold('late', 300)
  held.hold('early', 15)
  held.hold('again', 15)
  pass(10)
  held.hold('again', 15)
  pass(5)
  expect(released).toEqual(['early'])
  pass(10)
  expect(released).toEqual(['early', 'again'])
  pass(275)
  expect(released).toEqual(['early', 'again', 'late'])
})

test('one that is a candidate no more is not released, and after the end nothing is', () => {
  const { held, released, pass } = bench()
  held.hold('a', 15)
  held.hold('b', 15)
  held.drop('a')
  expect(held.leftMs('a')).toBe(0)
  pass(15)
  expect(released).toEqual(['b'])
  held.hold('c', 15)
  held.stop()
  expect(held.hold('d', 15)).toBe(false)
  pass(100)
  expect(released).toEqual(['b'])
})

test('no more are held than there is room for', () => {
  const { held } = bench()
  let count = 0
  while (count < 100_000 && held.hold(`${count}`, 15)) count += 1
  expect(count).toBeLessThan(100_000)
  expect(held.hold('0', 20)).toBe(true)
  expect(held.leftMs('0')).toBe(20)
})
