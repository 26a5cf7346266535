import { expect, onTestFinished, test, vi } from 'vitest'
import { startTicker } from './ticker.ts'

function bench() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const state = { quiet: false, ticks: 0, onTick: () => {} }
  const tick = () => {
    state.ticks += 1
    state.onTick()
  }
  const stop = startTicker(tick, () => state.quiet)
  const ticksWithin = (ms: number) => {
    const before = state.ticks
    vi.advanceTimersByTime(ms)
    return state.ticks - before
  }
  return { state, stop, ticksWithin }
}

test('it ticks twenty times a second, four times while all is quiet, and as before when that is over', () => {
  const { state, ticksWithin } = bench()
  expect(ticksWithin(1_000)).toBe(20)
  state.quiet = true
  ticksWithin(1_000)
  expect(ticksWithin(1_000)).toBe(4)
  state.quiet = false
  ticksWithin(250)
  expect(ticksWithin(1_000)).toBe(20)
})

test('it does not tick any more when it was stopped, be it by a tick', () => {
  const { state, stop, ticksWithin } = bench()
  state.onTick = stop
  expect(ticksWithin(1_000)).toBe(1)
})
