import { expect, test } from 'vitest'
import type { RatioScenario, Side } from '../scenario.ts'
import { runRatio } from './run-ratio.ts'

const effort = { scale: 1 }

function sideWith(name: string, values: number[], order: string[] = [], missing?: string): Side {
  return {
    ...{ name, durability: 'none' },
    version: async () => '1',
    missing: async () => missing,
    measure: async () => {
      order.push(name)
      return { value: values.shift()!, details: { p50Ms: values.length } }
    },
  }
}

function scenarioOf(sides: RatioScenario['sides'], better: 'more' | 'less' = 'more'): RatioScenario {
  const target = { bar: 0.6, goal: 1 }
  return { kind: 'ratio', name: 'x', title: 'X', load: '', runs: 5, unit: 'jobs/s', better, target, sides }
}

test('the sides alternate, and their order turns round with each run', async () => {
  const order: string[] = []
  await runRatio(scenarioOf([sideWith('a', [1, 1, 1], order), sideWith('b', [1, 1, 1], order)]), effort, 3)
  expect(order.join('')).toBe('abbaab')
})

test('the ratio is that of the medians, with the spread of the pairs beside it; what is measured beside has its median', async () => {
  const result = await runRatio(scenarioOf([sideWith('a', [10, 30, 20]), sideWith('b', [40, 20, 50])]), effort, 3)
  expect(result.ratio).toBe(0.5)
  // The second run begins with b: the pairs are 10 to 40, 30 to 20 and 20 to 50.
  expect(result.ratios).toEqual({ median: 0.4, min: 0.25, max: 1.5 })
  expect(result.sides[0]).toMatchObject({ values: [10, 30, 20], spread: { median: 20, min: 10, max: 30 } })
  expect(result.sides[0]?.details).toEqual({ p50Ms: 1 })
})

test('where less is better the ratio is turned round: above 1 ours is ahead', async () => {
  const result = await runRatio(scenarioOf([sideWith('a', [2]), sideWith('b', [4])], 'less'), effort, 1)
  expect(result.ratio).toBe(2)
})

test('a missing peer is named and not measured; ours is, and there is no ratio', async () => {
  const order: string[] = []
  const peer = sideWith('b', [], order, 'b is not installed')
  const result = await runRatio(scenarioOf([sideWith('a', [1, 3, 2], order), peer]), effort, 3)
  expect(order.join('')).toBe('aaa')
  expect(result.ratio).toBeUndefined()
  expect(result.sides[0]?.spread?.median).toBe(2)
  expect(result.sides[1]).toMatchObject({ missing: 'b is not installed', values: [] })
})
