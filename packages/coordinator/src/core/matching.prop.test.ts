import fc from 'fast-check'
import { expect, test } from 'vitest'
import { normaliseCapabilities, normaliseRequirement, satisfies } from './matching.ts'
import { backoffMs, retryBackoff } from './retry.ts'

const payload = { kind: 'shell' as const, command: 'true' }
const name = fc.constantFrom('shell', 'gpu', 'ffmpeg', 'openclaw', 'arm64')
const spelled = name.chain((word) => fc.constantFrom(word, ` ${word} `, word.toUpperCase()))
const labels = fc.dictionary(fc.constantFrom('zone', 'os', 'tier'), fc.constantFrom('a', 'b'))

test('requirements that mean the same have the same key, however they are spelled', () => {
  fc.assert(
    fc.property(fc.array(spelled), labels, (names, wanted) => {
      const reordered = Object.fromEntries(Object.entries(wanted).toReversed())
      const again = names.map((text) => text.toUpperCase()).toReversed()
      const one = normaliseRequirement({ requiredCapabilities: names, labels: wanted }, payload)
      const other = normaliseRequirement({ requiredCapabilities: again, labels: reordered }, payload)
      expect(other).toEqual(one)
    }),
  )
})

test('requirements that differ have different keys', () => {
  fc.assert(
    fc.property(fc.array(name), fc.array(name), labels, labels, (a, b, labelsA, labelsB) => {
      const one = normaliseRequirement({ requiredCapabilities: a, labels: labelsA }, payload)
      const other = normaliseRequirement({ requiredCapabilities: b, labels: labelsB }, payload)
      expect(one.key === other.key).toBe(JSON.stringify(one.requirement) === JSON.stringify(other.requirement))
    }),
  )
})

test('a host satisfies a requirement exactly when it has every capability and label asked for', () => {
  fc.assert(
    fc.property(fc.array(name), fc.array(name), labels, labels, (offered, asked, offeredLabels, askedLabels) => {
      const offer = { capabilities: normaliseCapabilities(offered), labels: offeredLabels }
      const { requirement } = normaliseRequirement({ requiredCapabilities: asked, labels: askedLabels }, payload)
      const missing = [...asked, 'shell'].filter((capability) => !offered.some((one) => one === capability))
      const wrong = Object.entries(askedLabels).filter(([key, value]) => offeredLabels[key] !== value)
      expect(satisfies(offer, requirement)).toBe(missing.length === 0 && wrong.length === 0)
    }),
  )
})

test('a label of a prototype is not one of the host', () => {
  expect(satisfies({ capabilities: [], labels: {} }, { labels: { constructor: 'x' } })).toBe(false)
})

test('the back-off is below min(1 h, 2 s * 2^n) and grows with the failures', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, random) => {
        const ms = backoffMs(failures, random)
        expect(ms).toBeGreaterThanOrEqual(0)
        expect(ms).toBeLessThan(Math.min(retryBackoff.maxMs, 2_000 * 2 ** (failures - 1)) || 1)
        expect(backoffMs(failures + 1, random)).toBeGreaterThanOrEqual(ms)
      },
    ),
  )
})
