import { limits } from '@skyclaw/protocol'
import fc from 'fast-check'
import { isUtf8 } from 'node:buffer'
import { expect, test } from 'vitest'
import { type TextPiece, TextPieces } from './text-pieces.ts'

/** Cuts bytes at these places, and tells them one after the other. */
function tell(bytes: Uint8Array, cuts: readonly number[]): TextPiece[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  const pieces = new TextPieces()
  let at = 0
  const told = ends.flatMap((end) => {
    const part = pieces.push(at, bytes.subarray(at, end))
    at = end
    return part
  })
  return [...told, ...pieces.flush()]
}

const bytesOf = ({ text, base64 }: TextPiece) =>
  text === undefined ? Buffer.from(base64!, 'base64') : Buffer.from(text)
const cuts = fc.array(fc.nat(400), { maxLength: 12 })

test('text is told as text, whole characters only, wherever it was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '\0', '\n', 'é', '€', '\ufeff', '😀')), cuts, (chars, places) => {
      const text = chars.join('')
      const told = tell(Buffer.from(text), places)
      expect(told.map((piece) => piece.text).join('')).toBe(Buffer.from(text).toString())
      expect(told.every(({ base64 }) => base64 === undefined)).toBe(true)
    }),
  )
})

test('whatever the bytes are, they are told once, in order, at their offsets', () => {
  const odd = fc.array(fc.constantFrom(0x61, 0x80, 0xbf, 0xc2, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0xff, 0x00), {
    maxLength: 300,
  })
  fc.assert(
    fc.property(
      fc.oneof(
        odd.map((list) => Uint8Array.from(list)),
        fc.uint8Array({ maxLength: 300 }),
      ),
      cuts,
      (bytes, places) => {
        const told = tell(bytes, places)
        expect(Buffer.concat(told.map(bytesOf))).toEqual(Buffer.from(bytes))
        let at = 0
        for (const { offset, bytes: length, text } of told) {
          expect(offset).toBe(at)
          if (text !== undefined) expect(isUtf8(bytes.subarray(at, at + length))).toBe(true)
          at += length
        }
      },
    ),
  )
})

test('a page is told in pieces of a bounded size, cut between characters', () => {
  const bytes = Buffer.from('€'.repeat(60_000))
  const told = new TextPieces().push(0, bytes)
  expect(told.map(({ text }) => text).join('')).toBe(bytes.toString())
  for (const piece of told) expect(piece.bytes).toBeLessThanOrEqual(limits.logChunkBytes)
})

test('where bytes were left out, halves of characters stay by themselves and do not spoil what follows', () => {
  const pieces = new TextPieces()
  expect(pieces.push(0, Uint8Array.from([0x61, 0xe2, 0x82]))).toEqual([{ offset: 0, bytes: 1, text: 'a' }])
  expect(pieces.push(10, Uint8Array.from([0xac, 0x62]))).toEqual([
    { offset: 1, bytes: 2, base64: '4oI=' },
    { offset: 10, bytes: 1, base64: 'rA==' },
    { offset: 11, bytes: 1, text: 'b' },
  ])
})
