import { expect, test } from 'vitest'
import { judge, notesOf, renderTarget } from './judge.ts'
import type { AbsoluteResult } from './result.ts'

test('where more is better, the bar and the goal are the least that reach', () => {
  const target = { bar: 0.6, goal: 1 }
  expect(judge(0.59, target, 'more')).toBe('below the bar')
  expect(judge(0.6, target, 'more')).toBe('bar reached')
  expect(judge(1, target, 'more')).toBe('goal reached')
  expect(renderTarget(target, 'more')).toBe('bar >= 0.6, goal >= 1')
})

test('where less is better, they are the most', () => {
  expect(judge(3.1, { bar: 3, goal: 2 }, 'less')).toBe('below the bar')
  expect(judge(3, { bar: 3, goal: 2 }, 'less')).toBe('bar reached')
  expect(judge(2, { bar: 3, goal: 2 }, 'less')).toBe('goal reached')
  expect(judge(0, { bar: 3 }, 'less')).toBe('bar reached')
  expect(renderTarget({ bar: 3 }, 'less')).toBe('bar <= 3')
})

test('runs that differ by more than 1.3 are said to be unclear', () => {
  const figure = (name: string, max: number) => ({
    ...{ name, title: name, unit: 'ms', better: 'less', values: [] },
    spread: { median: 1, min: 1, max },
  })
  const result = { kind: 'absolute', figures: [figure('calm', 1.3), figure('wild', 1.8)] }
  expect(notesOf(result as unknown as AbsoluteResult)).toEqual(['unclear: the runs of wild differ by a factor of 1.8'])
})
