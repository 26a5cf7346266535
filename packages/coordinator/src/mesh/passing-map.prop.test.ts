import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PassingMap, PassingSet } from './passing-map.ts'

const change = fc.tuple(fc.constantFrom('set', 'delete', 'clear'), fc.nat({ max: 3 }))

test('has what a map has, however many entries have passed through', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400, size: 'max' }), (changes) => {
      const map = new Map<number, number>()
      const [passing, values] = [new PassingMap<number, number>(), new PassingSet<number>()]
      for (const [index, [kind, key]] of changes.entries()) {
        if (kind === 'set') {
          map.set(key, index)
          passing.set(key, index)
          values.add(key)
        } else if (kind === 'delete') for (const each of [map, passing, values]) each.delete(key)
        else if (index % 50 === 0) for (const each of [map, passing, values]) each.clear()
        expect([...passing]).toEqual([...map])
        expect([...values]).toEqual([...map.keys()])
        expect([passing.size, passing.has(key), passing.get(key)]).toEqual([map.size, map.has(key), map.get(key)])
      }
    }),
    { numRuns: 50 },
  )
})

test('whoever goes through it sees each entry once while entries come and go', () => {
  const passing = new PassingSet<number>()
  for (let value = 0; value < 200; value += 1) passing.add(value)
  const seen: number[] = []
  for (const value of passing) {
    seen.push(value)
    passing.delete(value)
    if (passing.size === 0) passing.add(-1)
  }
  expect(seen).toEqual(Array.from({ length: 200 }, (_, value) => value))
  expect([...passing]).toEqual([-1])
})
