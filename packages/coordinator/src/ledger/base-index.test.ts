import { expect, test } from 'vitest'
import { BaseIndex } from './base-index.ts'
import { timedJobPrefix } from './record-key.ts'

const now = 1_795_000_000_000

function keyAt(time: number, nth: number): string {
  return `${timedJobPrefix(time)}-${nth.toString(16).padStart(4, '0')}-8000-8000-000000000000`
}

const baseAt = (time: number, nth: number) => keyAt(time, nth).slice(0, -8)

function indexOver(keys: readonly string[]) {
  const reads: string[] = []
  const list = (from: string, to: string, limit: number) => {
    reads.push(from)
    return keys
      .filter((key) => key >= from && key < to)
      .slice(0, limit)
      .map((key) => ({ key, held: 1 }))
  }
  return { index: new BaseIndex({ now: () => now, list }), reads }
}

test('new keys of now need one look at the disk in all, and what is there is found', () => {
  const there = keyAt(now + 1_000, 7)
  const { index, reads } = indexOver([there])
  const bases = Array.from({ length: 50 }, (_, nth) => baseAt(now + 1_000, nth))
  expect(bases.flatMap((base) => index.keys(base) ?? ['unknown'])).toEqual([there])
  expect(reads).toHaveLength(1)
})

test('a window full of the keys of a clock that is ahead is read once, and each base by itself then', () => {
  const { index, reads } = indexOver(Array.from({ length: 2_000 }, (_, nth) => keyAt(now + 60_000, nth)))
  const bases = Array.from({ length: 50 }, (_, nth) => baseAt(now + 1_000, nth))
  for (const base of [...bases, ...bases]) expect(index.keys(base)).toEqual([])
  expect(reads).toHaveLength(1 + bases.length)
})
