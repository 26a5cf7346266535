import { expect, test, vi } from 'vitest'
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

const step = { hold: () => undefined }

test('no number is given twice, over any number of restarts', () => {
  const store = counters()
  const given = new Set<number>()
  for (let life = 0; life < 20; life += 1) {
    const counter = new BallotCounter(store, 'a')
    for (let index = 0; index < 700; index += 1) {
      const { n } = counter.take(step)
      expect(given.has(n)).toBe(false)
      given.add(n)
    }
  }
})

test('0 is never given: it is the ballot of a creation', () => {
  expect(new BallotCounter(counters(), 'a').take(step)).toEqual({ n: 1, node: 'a' })
})

test("the next number is above another's that was noted, after a restart too", () => {
  const store = counters()
  const counter = new BallotCounter(store, 'a')
  counter.observe(12_345)
  expect(counter.take(step).n).toBe(12_346)
  expect(new BallotCounter(store, 'a').take(step).n).toBeGreaterThan(12_346)
})

test('what takes a number of a new block waits until that is on disk', () => {
  const counter = new BallotCounter(counters(), 'a')
  const holding: number[] = []
  for (let index = 0; index < 2_500; index += 1) {
    let held = false
    const { n } = counter.take({ hold: () => void (held = true) })
    if (held) holding.push(n)
  }
  expect(holding).toEqual([1, 1_001, 2_001])
})

test('a register that is begun by force waits until that is on disk, one under a key made for it does not', () => {
  const counter = new BallotCounter(counters(), 'a')
  const hold = vi.fn<() => void>()
  expect(counter.first({ hold }, {})).toEqual({ n: 0, node: 'a' })
  expect(hold).not.toHaveBeenCalled()
  expect(counter.first({ hold }, { begins: true })).toEqual({ n: 0, node: 'a' })
  expect(hold).toHaveBeenCalledOnce()
})
