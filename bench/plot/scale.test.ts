import { expect, test } from 'vitest'
import { scaleFor } from './scale.ts'

test('a linear scale goes from 0 to a round number that is not less than any value', () => {
  const { at, ticks } = scaleFor('linear', [3, 43], 0, 100)
  expect(ticks).toEqual([0, 10, 20, 30, 40, 50])
  expect([0, 25, 50].map(at)).toEqual([0, 50, 100])
})

test('a logarithmic scale goes from power to power, and may run upwards', () => {
  const { at, ticks } = scaleFor('log', [100, 1_000_000], 300, 0)
  expect(ticks).toEqual([100, 1_000, 10_000, 100_000, 1_000_000])
  expect(at(100)).toBe(300)
  expect(at(10_000)).toBe(150)
  expect(at(1_000_000)).toBe(0)
})

test('a scale of one value, of none and of zeros still has a length', () => {
  for (const values of [[5], [], [0], [0, 0]]) {
    for (const kind of ['linear', 'log'] as const) {
      const { at, ticks } = scaleFor(kind, values, 0, 100)
      expect(ticks.length).toBeGreaterThan(1)
      expect(at(ticks.at(-1)!)).toBe(100)
    }
  }
})
