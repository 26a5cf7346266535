import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LearnedUrl, learnUrls } from './learned.ts'

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const news = fc.array(
  fc.record({
    gapMs: fc.integer({ min: 0, max: 900 }),
    named: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 10 },
)

test('what was named lately is known, each once, those named last first, never more than the limit', () => {
  fc.assert(
    fc.property(news, fraction, fc.integer({ min: 1, max: 7 }), (sequence, turn, maxCoordinators) => {
      const keepMs = 1_000
      let known: LearnedUrl[] = []
      let now = 0
      const namedAt = new Map<string, number>()
      for (const { gapMs, named } of sequence) {
        now += gapMs
        known = learnUrls(known, named, now, { maxCoordinators, keepMs, turn })
        for (const url of named) namedAt.set(url, now)
        const times = known.map(({ url }) => namedAt.get(url)!)
        expect(times).toEqual(times.toSorted((a, b) => b - a))
        expect(new Set(known.map(({ url }) => url)).size).toBe(known.length)
        expect(known.length).toBeLessThanOrEqual(maxCoordinators)
        for (const time of times) expect(now - time).toBeLessThan(keepMs)
        const lately = [...namedAt.values()].filter((time) => now - time < keepMs).length
        if (maxCoordinators >= 6) expect(known).toHaveLength(lately)
      }
    }),
  )
})

test('clients of different turns begin with different coordinators', () => {
  const named = ['a', 'b', 'c']
  const firsts = [0, 0.4, 0.9].map((turn) => learnUrls([], named, 0, { maxCoordinators: 3, keepMs: 1, turn })[0]?.url)
  expect(firsts).toEqual(named)
})

test('one that is cut off and names itself alone takes nobody away', () => {
  const limits = { maxCoordinators: 8, keepMs: 1_000, turn: 0 }
  const known = learnUrls(learnUrls([], ['a', 'b', 'c'], 0, limits), ['a'], 500, limits)
  expect(known.map(({ url }) => url)).toEqual(['a', 'b', 'c'])
})
