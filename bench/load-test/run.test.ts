import { expect, test } from 'vitest'
import { budgetIn, phaseAfter, shareOf } from './run.ts'
import type { Phase } from './sampler.ts'
import { readWish } from './wish.ts'

const wish = readWish(['--jobs', '1000', '--ahead', '100', '--short-queue', '10'])

/** Clients that take every budget at once, and hosts that complete so many a step. */
function simulate(perStep: number) {
  const phases: Phase[] = []
  let [phase, enqueued, completed]: [Phase, number, number] = ['fill', 0, 0]
  for (let step = 0; step < 10_000 && (phase !== 'end' || completed < wish.jobs); step += 1) {
    const state = () => ({ wish, jobs: wish.jobs, enqueued, completed })
    phase = phaseAfter(phase, state())
    if (phases.at(-1) !== phase) phases.push(phase)
    enqueued = Math.max(enqueued, budgetIn(phase, state()))
    expect(enqueued - completed).toBeLessThanOrEqual(wish.ahead)
    if (phase !== 'fill') completed = Math.min(enqueued, completed + perStep)
  }
  return { phases, enqueued, completed }
}

test('a load test goes through all phases to its end, however fast the hosts are, and its queue stays within its limit', () => {
  for (const perStep of [1, 7, 50, 100]) {
    const { phases, enqueued, completed } = simulate(perStep)
    expect([enqueued, completed]).toEqual([wish.jobs, wish.jobs])
    expect(phases).toEqual(['fill', 'deep', 'drain', 'steady', 'end'])
  }
})

test('the shares of a budget add up to it, whatever it is', () => {
  for (const whole of [0, 1, 2, 7, 1_000_001]) {
    const shares = [0, 1, 2].map((index) => shareOf(whole, index, 3))
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(whole)
  }
})

test('a number that cannot be used is refused with its name and range', () => {
  expect(() => readWish(['--hosts', '0'])).toThrow('--hosts is a whole number from 1 to 5000, not 0')
  expect(() => readWish(['--unknown', '1'])).toThrow(/unknown/)
})
