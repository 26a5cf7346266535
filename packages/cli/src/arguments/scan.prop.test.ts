import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainText } from '../render/plain-text.ts'
import type { Flags } from './flag.ts'
import { scan } from './scan.ts'
import { UsageError } from './usage-error.ts'

const flags = {
  json: { type: 'boolean', description: '' },
  env: { type: 'string', description: '', repeatable: true },
} as const satisfies Flags

const word = fc.oneof(
  fc.string(),
  fc.constantFrom('--', '-', '--json', '--env', '--env=x', '--help', '-lc', '--no-json'),
)

test('whatever a wrapped command line holds, it comes through word by word', () => {
  fc.assert(
    fc.property(fc.array(word), fc.boolean(), (words, dashes) => {
      const line = ['--json', ...(dashes ? ['--'] : []), 'command', ...words]
      expect(scan(line, flags, true).wrapped).toEqual(['command', ...words])
    }),
  )
})

test('any command line either is read without losing a word, or is a usage error', () => {
  fc.assert(
    fc.property(fc.array(word), fc.boolean(), (words, wraps) => {
      try {
        const { flags: found, positionals, wrapped } = scan(words, flags, wraps)
        const values = [...found.values()].flat().length
        const taken = positionals.length + wrapped.length + values + (found.has('json') ? 1 : 0)
        // A flag and its value are two words or one; a -- that divides is none.
        expect(taken).toBeLessThanOrEqual(words.length)
        expect(taken + values + 1).toBeGreaterThanOrEqual(words.length)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
      }
    }),
  )
})

test('no text keeps a control character or a change of direction', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(plainText(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
    }),
  )
})
