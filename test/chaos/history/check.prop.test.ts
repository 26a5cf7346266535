import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from './check.ts'
import type { Entry } from './entry.ts'
import { type Roll, ToyNetwork } from './toy-network.ts'
import { show } from './violation.ts'

const rolls = fc.infiniteStream(fc.nat({ max: 0x7fff_ffff }))
const length = fc.integer({ min: 1, max: 150 })

function runToy(stream: Iterator<number>, steps: number): Entry[] {
  const roll: Roll = (bound) => (stream.next().value as number) % bound
  const toy = new ToyNetwork(roll)
  for (let step = 0; step < steps; step += 1) toy.step()
  toy.settle()
  return toy.history
}

test('the history of a network that keeps its promises shows no violation', () => {
  const everyKind = new Set<string>()
  fc.assert(
    fc.property(rolls, length, (stream, steps) => {
      const history = runToy(stream, steps)
      for (const { did } of history) everyKind.add(did)
      expect(show(check(history))).toBe('')
    }),
    { numRuns: 300 },
  )
  expect([...everyKind]).toEqual(
    expect.arrayContaining(['enqueue', 'read', 'cancel', 'claim', 'report', 'wipe', 'look']),
  )
})

test('a history shows the same in whatever order its entries were written', () => {
  const inOrder = (history: Entry[]) =>
    check(history)
      .map(({ kind }) => kind)
      .toSorted()
  fc.assert(
    fc.property(rolls, length, (stream, steps) => {
      const history = runToy(stream, steps)
      expect(inOrder(history.toReversed())).toEqual(inOrder(history))
    }),
    { numRuns: 50 },
  )
})
