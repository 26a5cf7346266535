import type { LogStream } from '@skyclaw/protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogReading } from './log-reading.ts'

const content = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
)
/** What one coordinator sends: a range of the stream, cut into pieces. */
const sending = fc.record({ from: fc.nat(60), to: fc.nat(60), step: fc.integer({ min: 1, max: 9 }) })

test('however often and in whatever pieces it is sent, each byte comes once, in order, and characters come whole', () => {
  const streams = fc.constantFrom<LogStream>('stdout', 'stderr')
  fc.assert(
    fc.property(content, streams, fc.array(sending, { maxLength: 6 }), (written, stream, sendings) => {
      const reading = new LogReading()
      let size = 0
      let text = ''
      const parts: Uint8Array[] = []
      for (const { from, to, step } of [...sendings, { from: 0, to: written.length, step: 7 }]) {
        // Coordinators go on where the reader is, or before.
        for (let offset = Math.min(from, size); offset < Math.min(to, written.length); offset += step) {
          const bytes = written.subarray(offset, Math.min(offset + step, to))
          for (const chunk of reading.take({ attempt: 1, stream, offset, bytes: bytes.length }, bytes)) {
            expect(chunk.offset).toBe(size)
            size += chunk.bytes.length
            text += chunk.text
            parts.push(chunk.bytes)
          }
        }
      }
      for (const rest of reading.finish()) text += rest.text
      expect(Buffer.concat(parts)).toEqual(written)
      expect(text).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(written))
    }),
  )
})

test('a piece behind a hole says so by its offset, and a character that the hole cut is marked', () => {
  const reading = new LogReading()
  const [half, rest] = [Buffer.from([0xc3]), Buffer.from('after')]
  expect(reading.take({ attempt: 1, stream: 'stdout', offset: 0, bytes: 1 }, half)).toMatchObject([{ text: '' }])
  expect(reading.take({ attempt: 1, stream: 'stdout', offset: 900, bytes: 5 }, rest)).toMatchObject([
    { offset: 900, text: '\u{fffd}after' },
  ])
})

test('an attempt begins at its own beginning, and nothing of the one before comes any more', () => {
  const reading = new LogReading()
  const bytes = Buffer.from('one')
  reading.take({ attempt: 1, stream: 'stderr', offset: 0, bytes: 3 }, bytes)
  expect(reading.take({ attempt: 2, stream: 'stderr', offset: 0, bytes: 3 }, bytes)).toMatchObject([{ attempt: 2 }])
  expect(reading.take({ attempt: 1, stream: 'stderr', offset: 3, bytes: 3 }, bytes)).toEqual([])
  const told = [2, 1, 2, 3].map((attempt) => reading.announces({ attempt, hostId: 'h', startedAt: '' }))
  expect(told).toEqual([true, false, false, true])
})
