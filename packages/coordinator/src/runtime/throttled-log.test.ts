import { expect, test } from 'vitest'
import { ThrottledLog } from './throttled-log.ts'

function bench() {
  const lines: [object, string][] = []
  let now = 0
  const log = { info: () => undefined, warn: (fields: object, line: string) => void lines.push([fields, line]) }
  const warnings = new ThrottledLog(log as never, () => now)
  return { lines, warnings, at: (time: number) => void (now = time) }
}

test('the same thing is told of once each ten seconds, with how often it happened in between', () => {
  const { lines, warnings, at } = bench()
  for (const time of [0, 1, 9_999, 10_000]) {
    at(time)
    warnings.warn('b', { peer: 'b' }, 'b is wrong')
  }
  expect(lines).toEqual([
    [{ peer: 'b' }, 'b is wrong'],
    [{ peer: 'b', before: 2 }, 'b is wrong'],
  ])
})

test('however many different things there are, a hundred lines are written in ten seconds, and how many were not', () => {
  const { lines, warnings, at } = bench()
  for (let subject = 0; subject < 5_000; subject += 1) warnings.warn(`s${subject}`, {}, `s${subject}`)
  expect(lines).toHaveLength(100)
  at(10_000)
  warnings.warn('later', {}, 'later')
  expect(lines.slice(100)).toEqual([
    [{ withheld: 4_900 }, '4900 more warnings about other coordinators were withheld'],
    [{}, 'later'],
  ])
})
