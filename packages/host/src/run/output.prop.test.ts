import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OutputBuffer } from './output.ts'

function collect(maxBytes: number, chunks: Uint8Array[]): string {
  const buffer = new OutputBuffer(maxBytes)
  for (const chunk of chunks) buffer.write(chunk)
  return buffer.toString()
}

function split(bytes: Buffer, cuts: number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

const text = fc.string({ unit: 'binary', maxLength: 200 })
const cuts = fc.array(fc.nat(), { maxLength: 20 })
const mark = /^([^]*)\n\[skyclaw: (\d+) bytes left out\]\n([^]*)$/

describe('output', () => {
  test('output up to the limit is kept whole, however it is chunked', () => {
    fc.assert(
      fc.property(text, cuts, fc.nat(50), (whole, where, spare) => {
        const bytes = Buffer.from(whole)
        expect(collect(bytes.length + spare, split(bytes, where))).toBe(bytes.toString())
      }),
    )
  })

  test('beyond the limit whole characters of head and tail are kept, and the mark counts what lies between', () => {
    fc.assert(
      fc.property(text, cuts, fc.nat(300), (whole, where, limit) => {
        const bytes = Buffer.from(whole)
        fc.pre(bytes.length > limit)
        const [, head = '', leftOut, tail = ''] = mark.exec(collect(limit, split(bytes, where))) ?? []
        const kept = Buffer.from(head).length + Buffer.from(tail).length
        expect(Number(leftOut) + kept).toBe(bytes.length)
        expect(kept).toBeLessThanOrEqual(limit)
        expect(kept).toBeGreaterThanOrEqual(limit - 6)
        expect(bytes.subarray(0, Buffer.from(head).length).toString()).toBe(head)
        expect(bytes.subarray(bytes.length - Buffer.from(tail).length).toString()).toBe(tail)
      }),
    )
  })

  test('bytes that are no UTF-8 never make it fail, and become the replacement character', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, fc.nat(300), (raw, where, limit) => {
        const bytes = Buffer.from(raw)
        const kept = collect(limit, split(bytes, where))
        expect(kept.isWellFormed()).toBe(true)
        expect(kept.length).toBeLessThanOrEqual(Math.min(limit, bytes.length) + 60)
      }),
    )
    expect(collect(10, [Buffer.from([0xff, 0x41])])).toBe('\ufffdA')
  })

  test('a flood is kept in bounded memory', () => {
    const buffer = new OutputBuffer(1_000)
    const chunk = Buffer.alloc(65_536, 'x')
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 20_000; count++) buffer.write(chunk)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
    expect(buffer.toString()).toContain(`[skyclaw: ${20_000 * 65_536 - 1_000} bytes left out]`)
  })
})
