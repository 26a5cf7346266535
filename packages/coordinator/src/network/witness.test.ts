import { expect, test } from 'vitest'
import { Sightings } from './sightings.ts'
import { judgeInstance } from './witness.ts'

const self = { instance: 'a', boot: 'now', turn: 10 }
const url = 'http://b'

test('a database is a copy when somebody saw a higher turn of its instance', () => {
  expect(judgeInstance(self, [{ url, seen: { known: true, turn: 10 } }])).toBeUndefined()
  expect(judgeInstance(self, [{ url, seen: { known: false, turn: 11 } }])).toMatchObject({
    kind: 'copy',
    reason: expect.stringMatching('http://b saw turn 11') as string,
  })
})

test('a database is a copy when another process answers under its instance, and only when it does', () => {
  const seen = { known: true, turn: 3, url: 'http://c' }
  expect(judgeInstance(self, [{ url, seen }])).toBeUndefined()
  expect(judgeInstance(self, [{ url, seen, there: { instance: 'c', boot: 'x' } }])).toBeUndefined()
  expect(judgeInstance(self, [{ url, seen, there: { instance: 'a', boot: 'now' } }])).toBeUndefined()
  expect(judgeInstance(self, [{ url, seen, there: { instance: 'a', boot: 'x' } }])).toMatchObject({
    kind: 'copy',
    reason: 'the same instance answers at http://c',
  })
})

test('an instance that the others were told to forget must not go on', () => {
  const seen = { known: false, turn: 3 }
  expect(judgeInstance(self, [{ url, seen: { ...seen, forgotten: false } }])).toBeUndefined()
  expect(judgeInstance(self, [{ url, seen: { ...seen, forgotten: true } }])).toMatchObject({ kind: 'forgotten' })
})

test('with nobody to witness it, no copy is noticed', () => {
  expect(judgeInstance(self, [])).toBeUndefined()
})

test('of two processes of one instance, the one that is behind what was seen is refused', () => {
  const sightings = new Sightings()
  const see = (boot: string, turn: number) => sightings.see({ instance: 'a', boot, turn })
  expect(see('original', 5)).toBe(true)
  expect(see('original', 4)).toBe(true)
  expect(sightings.turnOf('a')).toBe(5)
  expect(see('copy', 4)).toBe(false)
  expect(see('restarted', 5)).toBe(true)
  expect(see('restarted', 9)).toBe(true)
  expect(see('original', 8)).toBe(false)
  expect(sightings.turnOf('a')).toBe(9)
})

test('turns seen before a restart of the witness count after it', () => {
  const sightings = new Sightings([['a', 7]])
  expect(sightings.see({ instance: 'a', boot: 'copy', turn: 6 })).toBe(false)
  expect(sightings.see({ instance: 'a', boot: 'original', turn: 7 })).toBe(true)
  expect(sightings.turnOf('never heard')).toBe(0)
})

test('memory of instances is bounded, and what is heard stays in it', () => {
  const sightings = new Sightings()
  for (let n = 0; n < 3_000; n += 1) {
    sightings.see({ instance: 'kept', boot: 'x', turn: 1 })
    sightings.see({ instance: `i${n}`, boot: 'x', turn: 1 })
  }
  expect([sightings.turnOf('kept'), sightings.turnOf('i2999'), sightings.turnOf('i0')]).toEqual([1, 1, 0])
})
