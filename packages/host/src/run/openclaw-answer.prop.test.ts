import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findAnswer } from './openclaw-answer.ts'

const answers = fc
  .tuple(
    fc.dictionary(
      fc.string().filter((name) => name !== 'ok' && name !== '__proto__'),
      fc.jsonValue(),
      { maxKeys: 5 },
    ),
    fc.boolean(),
  )
  .map(([more, ok]) => ({ ok, ...(JSON.parse(JSON.stringify(more)) as Record<string, unknown>) }))
/** Lines of text that begin no object. */
const noise = fc
  .array(fc.string({ unit: 'grapheme' }).map((line) => `| ${line.replaceAll('\n', ' ')}\n`))
  .map((lines) => lines.join(''))
const spaces = fc.constantFrom(undefined, 1, 2)

test('an answer is found as it is, whatever lines come before it and after it', () => {
  fc.assert(
    fc.property(noise, answers, spaces, noise, (before, answer, space, after) => {
      const text = `${before}${JSON.stringify(answer, undefined, space)}\n${after}`
      expect(findAnswer(text)).toEqual({ members: answer, whole: true })
    }),
  )
})

test('of an answer that is cut, wherever that is, only members are found that are whole', () => {
  fc.assert(
    fc.property(answers, spaces, fc.nat(), (answer, space, cut) => {
      const text = JSON.stringify(answer, undefined, space)
      const found = findAnswer(text.slice(0, cut % text.length))
      expect(found?.whole ?? false).toBe(false)
      for (const [name, value] of Object.entries(found?.members ?? {})) expect(answer).toHaveProperty([name], value)
    }),
  )
})

test('whatever is printed, looking for an answer ends, and what is found is an object', () => {
  const pieces = fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '\n', ' ', '\n{', '"ok":true', '1', 'a')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      const found = findAnswer(parts.join(''))
      expect(found === undefined || typeof found.members === 'object').toBe(true)
    }),
  )
})

test('output that is full of beginnings is looked through in a moment', () => {
  const startedAt = performance.now()
  expect(findAnswer('{"a":[\n'.repeat(150_000))).toBeUndefined()
  expect(performance.now() - startedAt).toBeLessThan(3_000)
})
