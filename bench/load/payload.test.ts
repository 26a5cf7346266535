import { expect, test } from 'vitest'
import { payloadOf } from './payload.ts'

test('a payload has as many bytes as were asked for', () => {
  for (const bytes of [46, 100, 1_000, 65_536, 262_144])
    expect(Buffer.byteLength(JSON.stringify(payloadOf(bytes)))).toBe(bytes)
})

test('fewer bytes than an empty payload has are refused', () => {
  expect(() => payloadOf(20)).toThrow('bytes at least, not 20')
})
