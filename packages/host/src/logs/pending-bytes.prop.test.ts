import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PendingBytes } from './pending-bytes.ts'

const step = fc.oneof(
  fc.record({ push: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ take: fc.integer({ min: 1, max: 40 }) }),
)

test('bytes come out in order at their offsets, and only the oldest are pushed out, as late as they can be', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.array(step, { maxLength: 60 }), (maxBytes, steps) => {
      const pending = new PendingBytes(maxBytes)
      let kept: number[] = []
      let end = 0
      for (const action of steps) {
        if ('push' in action) {
          const offsets = Array.from({ length: action.push }, (_, index) => end + index)
          pending.push(Uint8Array.from(offsets, (offset) => offset % 251))
          end += action.push
          kept = [...kept, ...offsets].slice(-maxBytes)
        } else {
          const taken = kept.splice(0, action.take)
          const piece = pending.take(action.take)
          expect(piece?.offset).toBe(taken[0])
          expect([...(piece?.bytes ?? [])]).toEqual(taken.map((offset) => offset % 251))
        }
        const { size, start, room } = pending
        expect({ size, start, end: pending.end, room }).toEqual({
          size: kept.length,
          start: end - kept.length,
          end,
          room: maxBytes - kept.length,
        })
      }
    }),
  )
})
