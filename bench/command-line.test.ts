import { expect, test } from 'vitest'
import { readCommandLine } from './command-line.ts'

const known = ['enqueue', 'batch', 'work']
const read = (...args: string[]) => readCommandLine(args, known)

test('without names everything is measured, as often as each scenario says', () => {
  expect(read()).toEqual({ kind: 'run', wish: { names: known, scale: 1, out: 'bench/results' } })
})

test('named scenarios are measured once each, in their own order', () => {
  expect(read('work', 'enqueue', 'work', '--runs', '7', '--scale', '0.5', '--out', '/x')).toEqual({
    kind: 'run',
    wish: { names: ['enqueue', 'work'], runs: 7, scale: 0.5, out: '/x' },
  })
})

test('a name that no scenario has is refused with those there are', () => {
  expect(read('enqeue')).toEqual({
    kind: 'wrong',
    problem: 'no scenario is called enqeue; there are enqueue, batch, work',
  })
})

test.each([
  [['--runs', '0'], '--runs is a whole number from 1 to 100, not 0'],
  [['--runs', '2.5'], '--runs is a whole number from 1 to 100, not 2.5'],
  [['--scale', '-1'], "Option '--scale' argument is ambiguous"],
  [['--scale', 'much'], '--scale is a number above 0, up to 100, not much'],
  [['--rums', '3'], "Unknown option '--rums'"],
  [['--out'], "Option '--out <value>' argument missing"],
])('%j is refused, by name', (args, problem) => {
  expect(read(...args)).toEqual({ kind: 'wrong', problem: expect.stringContaining(problem) })
})

test('help and the list need nothing else', () => {
  expect(read('--help')).toEqual({ kind: 'help' })
  expect(read('--', '--list')).toEqual({ kind: 'list' })
})
