import { expect, test } from 'vitest'
import { scenarios } from '../scenarios/scenarios.ts'
import { compareRatio } from './compare.ts'
import { readReferences } from './references.ts'

test('a ratio fails when it is below half of its reference, and only then', () => {
  expect(compareRatio(0.39, 0.8)).toEqual({
    passed: false,
    sentence: 'ratio 0.39; reference 0.80, at least 0.40: fell below half of its reference',
  })
  expect(compareRatio(0.4, 0.8)).toEqual({ passed: true, sentence: 'ratio 0.40; reference 0.80, at least 0.40' })
  expect(compareRatio(5, 0.8).passed).toBe(true)
  expect(compareRatio(Number.NaN, 0.8).passed).toBe(false)
})

test('a missing peer and a missing reference are named, and are no failure', () => {
  expect(compareRatio(undefined, 0.8)).toEqual({ passed: true, sentence: 'not compared: the peer is missing' })
  expect(compareRatio(0.1, undefined)).toMatchObject({
    passed: true,
    sentence: expect.stringContaining('no reference'),
  })
})

test('the committed references are those of the comparisons in the short version, and say where they come from', () => {
  const { ratios, commit, machine, takenAt } = readReferences()
  const compared = scenarios.filter(({ kind, shortScale }) => kind === 'ratio' && shortScale !== undefined)
  expect(Object.keys(ratios)).toEqual(compared.map(({ name }) => name))
  expect(Object.values(ratios).every((ratio) => ratio > 0)).toBe(true)
  expect(commit).toMatch(/^[0-9a-f]{7,}$/)
  expect(machine.cpu).not.toBe('')
  expect(Date.parse(takenAt)).not.toBeNaN()
})
