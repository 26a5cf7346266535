import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Secrets } from './redact.ts'

/** Few letters, so that secrets overlap one another and themselves. */
const word = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', '"'), minLength: 1, maxLength })
const cuts = fc.array(fc.nat(), { maxLength: 20 })

function inPieces(secrets: Secrets, bytes: Buffer, where: number[]): Buffer {
  const redactor = secrets.stream()
  const at = [0, ...where.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  const pieces = at.slice(1).map((end, index) => redactor.push(bytes.subarray(at[index], end)))
  return Buffer.concat([...pieces, redactor.end()])
}

/** The same by a regular expression, over the whole at once. */
function wholly(text: string, values: string[]): string {
  const forms = new Set(values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]))
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length)
  return text.replaceAll(
    new RegExp(longestFirst.map((form) => form.replaceAll('\\', String.raw`\\`)).join('|'), 'g'),
    '[redacted]',
  )
}

describe('redaction', () => {
  test('of a stream gives what replacing in the whole gives, however it is chunked', () => {
    fc.assert(
      fc.property(word(120), fc.array(word(6), { minLength: 1, maxLength: 4 }), cuts, (text, values, where) => {
        expect(inPieces(new Secrets(values), Buffer.from(text), where).toString()).toBe(wholly(text, values))
      }),
      { numRuns: 1_000 },
    )
  })

  test('knows a secret in the JSON of programs that keep to ASCII, and of those that escape slashes', () => {
    const secrets = new Secrets(['pä/ß"word'])
    const printed = [
      String.raw`{"key": "pä/ß\"word"}`,
      String.raw`{"key": "p\u00e4/\u00df\"word"}`,
      String.raw`{"key": "p\u00E4\/\u00DF\"word"}`,
      String.raw`{"key": "pä\/ß\"word"}`,
    ]
    expect(printed.map((text) => secrets.text(text))).toEqual(printed.map(() => '{"key": "[redacted]"}'))
  })

  test('never holds back more than could be the beginning of a secret', () => {
    fc.assert(
      fc.property(word(120), word(6), (text, value) => {
        const forms = [value, JSON.stringify(value).slice(1, -1)]
        const redactor = new Secrets([value]).stream()
        redactor.push(Buffer.from(text))
        const held = redactor.end().toString()
        expect(held === '' || forms.some((form) => form.length > held.length && form.startsWith(held))).toBe(true)
      }),
    )
  })

  test('takes bytes that are no UTF-8, and secrets that are not ASCII', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from('géhéim'), Buffer.from([0xc3])])
    const cut = inPieces(new Secrets(['géhéim']), bytes, [3, 4, 5, 6])
    expect(cut).toEqual(Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from('[redacted]'), Buffer.from([0xc3])]))
  })

  test('finds secrets as they are in JSON, and without the line break at their end', () => {
    const secrets = new Secrets(['pa"ss\nword\n'])
    expect(secrets.text(JSON.stringify({ a: 'pa"ss\nword\n' }))).toBe('{"a":"[redacted]"}')
    expect(secrets.text('is pa"ss\nword.')).toBe('is [redacted].')
    expect(secrets.value({ list: ['xpa"ss\nword\n', 7], no: null })).toEqual({ list: ['x[redacted]', 7], no: null })
  })

  test('takes time in proportion to the stream, also where secrets nearly match everywhere', () => {
    const secrets = new Secrets([`${'a'.repeat(5_000)}b`, `${'a'.repeat(3_000)}c`])
    const chunk = Buffer.alloc(65_536, 'a')
    const redactor = secrets.stream()
    const startedAt = performance.now()
    let bytes = 0
    for (let pieces = 0; pieces < 64; pieces++) bytes += redactor.push(chunk).length
    expect(bytes + redactor.end().length).toBe(64 * chunk.length)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })
})
