import { expect, test } from 'vitest'
import { BallotCounter } from './ballot-counter.ts'
import type { MeshCounter, MeshStore } from './store.ts'

function counters(): MeshStore {
  const saved = new Map<MeshCounter, number>()
  const store = {
    counter: (name: MeshCounter) => saved.get(name) ?? 0,
    saveCounter: (name: MeshCounter, value: number) => void saved.set(name, value),
  }
  return store as unknown as MeshStore
}

test('no number is given twice, over any number of restarts', () => {
  const store = counters()
  const given = new Set<number>()
  for (let life = 0; life < 20; life += 1) {
    const counter = new BallotCounter(store, 'a')
    for (let index = 0; index < 700; index += 1) {
      const { n } = counter.take()
      expect(given.has(n)).toBe(false)
      given.add(n)
    }
  }
})

test('0 is never given: it is the ballot of a creation', () => {
  expect(new BallotCounter(counters(), 'a').take()).toEqual({ n: 1, node: 'a' })
})

test("the next number is above another's that was noted, after a restart too", () => {
  const store = counters()
  const counter = new BallotCounter(store, 'a')
  counter.observe(12_345)
  expect(counter.take().n).toBe(12_346)
  expect(new BallotCounter(store, 'a').take().n).toBeGreaterThan(12_346)
})
