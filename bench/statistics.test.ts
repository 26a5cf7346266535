import { expect, test } from 'vitest'
import { median, quantile, spread } from './statistics.ts'

test('the median is the middle value, or halfway between the two in the middle; the order does not matter', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([7])).toBe(7)
  expect(median([])).toBeNaN()
})

test('a quantile is one of the values: so large a share of them lies below it', () => {
  const values = Array.from({ length: 100 }, (_, index) => 99 - index)
  expect(quantile(values, 0)).toBe(0)
  expect(quantile(values, 0.5)).toBe(50)
  expect(quantile(values, 0.99)).toBe(99)
  expect(quantile(values, 1)).toBe(99)
  expect(quantile([], 0.5)).toBeNaN()
})

test('a spread has the least, the middle and the most of the values, which it leaves as they are', () => {
  const values = [5, 1, 3]
  expect(spread(values)).toEqual({ median: 3, min: 1, max: 5 })
  expect(values).toEqual([5, 1, 3])
})
