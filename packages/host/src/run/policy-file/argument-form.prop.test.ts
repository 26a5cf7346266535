import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ArgumentForm, Matcher, parsePattern, type Pattern, TooSlow } from './argument-form.ts'

function form(...texts: string[]): ArgumentForm {
  return texts.map((text) => {
    const pattern = parsePattern(text)
    if ('wrong' in pattern) throw new Error(pattern.wrong)
    return pattern
  })
}

const matches = (texts: string[], args: string[]) => new Matcher().matches(form(...texts), args)

/** Any text, with many that look like options, wildcards and regular expressions. */
const argument = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('-', '*', '/', 'a', '\n', '=', '$', '.', '') }),
)
const literal: fc.Arbitrary<Pattern> = argument.map((text) => ({ kind: 'literal', text }))

test('a form of literals matches exactly the arguments that it spells out', () => {
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 6 }), fc.array(argument, { maxLength: 6 }), (spelt, args) => {
      const literals = spelt.map((text): Pattern => ({ kind: 'literal', text }))
      expect(new Matcher().matches(literals, spelt)).toBe(true)
      expect(new Matcher().matches(literals, args)).toBe(JSON.stringify(spelt) === JSON.stringify(args))
    }),
  )
})

test('a text is a literal for itself alone unless it is a wildcard or stands between slashes', () => {
  fc.assert(
    fc.property(argument, argument, (text, other) => {
      fc.pre(!/^-?\*\*?$/.test(text) && !/^\/.*\/$/s.test(text))
      expect(parsePattern(text)).toEqual({ kind: 'literal', text })
      expect(matches([text], [other])).toBe(text === other)
    }),
  )
})

test('no wildcard without a dash ever passes an argument that begins with one, wherever it stands', () => {
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 5 }), argument, fc.nat(5), (args, tail, at) => {
      const option = `-${tail}`
      const index = Math.min(at, args.length)
      const all = args.toSpliced(index, 0, option)
      expect(matches(['**'], all)).toBe(false)
      expect(
        matches(
          all.map(() => '*'),
          all,
        ),
      ).toBe(false)
      expect(matches(['-**'], all)).toBe(true)
      expect(
        matches(
          all.map(() => '-*'),
          all,
        ),
      ).toBe(true)
    }),
  )
})

test('a last ** takes any number of arguments, and each other pattern exactly one', () => {
  fc.assert(
    fc.property(fc.array(literal, { maxLength: 4 }), fc.array(argument, { maxLength: 6 }), (literals, more) => {
      const args = literals.map((pattern) => (pattern.kind === 'literal' ? pattern.text : ''))
      const rest: Pattern = { kind: 'any', rest: true, dashes: true }
      const one: Pattern = { kind: 'any', rest: false, dashes: true }
      expect(new Matcher().matches([...literals, rest], [...args, ...more])).toBe(true)
      expect(new Matcher().matches([...literals, one], [...args, ...more])).toBe(more.length === 1)
      if (args.length > 0) expect(new Matcher().matches([...literals, rest], args.slice(1))).toBe(false)
    }),
  )
})

test('a regular expression must match the whole argument', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c]{1,4}$/), argument, argument, (word, before, after) => {
      const text = before + word + after
      for (const source of [word, `${word}|${word}`, `(?:${word})`]) {
        expect(matches([`/${source}/`], [text])).toBe(text === word)
      }
    }),
  )
  expect(matches(['/a|b/'], ['ax'])).toBe(false)
  expect(matches(['/a/'], ['a\n'])).toBe(false)
  expect(matches(['/.*/'], ['a\nb'])).toBe(false)
  expect(matches(['/\\p{L}+/'], ['grün'])).toBe(true)
})

test.each(['//', '/(/', '/a)|(b/', '/[/', '/etc/x/', '/\\/', '/a{2,1}/'])('%s is an error', (text) => {
  expect(parsePattern(text)).toHaveProperty('wrong')
})

test.each(['/', '/usr/bin', '-', '--', '***', '-**-', '', '/a'])('%j stands for itself', (text) => {
  expect(parsePattern(text)).toEqual({ kind: 'literal', text })
})

test('a regular expression that takes for ever is ended within about a second', () => {
  const slow = form('/(a+)+/', '/(a+)+/')
  const startedAt = performance.now()
  expect(() => new Matcher().matches(slow, [`${'a'.repeat(60)}b`, 'a'])).toThrow(TooSlow)
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  // What is cheap is looked at first.
  expect(new Matcher().matches([...slow, ...form('x')], [`${'a'.repeat(60)}b`, 'a', 'y'])).toBe(false)
})
