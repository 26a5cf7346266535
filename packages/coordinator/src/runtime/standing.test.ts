import { openStore } from '@skyclaw/store'
import { expect, test } from 'vitest'
import type { Step } from '../mesh/mesh.ts'
import type { Driver } from './driver.ts'
import { Standing } from './standing.ts'

const options = { peerUrls: [] as string[], minReplications: 2, minReplicationsAlone: 1 }

function bench() {
  const store = openStore({ path: ':memory:' })
  const lines: string[] = []
  let held = 0
  const log = { info: (_: object, line: string) => void lines.push(line), warn: () => undefined }
  const driver: Driver = {
    run: async (input) => input({ hold: () => void (held += 1) } as Step, undefined as never),
    settle: () => undefined,
    settleOpen: () => undefined,
  }
  const start = (more: Partial<typeof options> = {}) => {
    const standing = new Standing({ options: { ...options, ...more }, store, log: log as never })
    standing.open(driver)
    return standing
  }
  return { start, lines, held: () => held }
}

const now = (standing: Standing) => [standing.standalone, standing.minReplications]

test('one that never had another is standalone until it has, for good, and says so once', () => {
  const { start, lines } = bench()
  const standing = start()
  standing.note(1, false)
  expect(now(standing)).toEqual([true, 1])
  for (const canKeep of [true, false]) standing.note(1, canKeep)
  expect(now(standing)).toEqual([false, 2])
  // Though nothing else is left of the others.
  expect(now(start())).toEqual([false, 2])
  expect(lines).toEqual(['no longer standalone: from now on a change is acknowledged when 2 coordinators have it'])
})

test('one that was given others is not standalone from the start, which is no news when they come', () => {
  const { start, lines } = bench()
  const standing = start({ peerUrls: ['http://b'] })
  expect(now(standing)).toEqual([false, 2])
  standing.note(0, true)
  // Nor is it later, whether it is still given any.
  expect(now(start())).toEqual([false, 2])
  expect(lines).toEqual([])
})

test('its incarnation goes on where an earlier process left it', () => {
  const { start } = bench()
  start().note(7, false)
  expect(start().incarnation).toBe(7)
})

test('proposals of the turn in which it ceases to be standalone wait until that is durable', () => {
  const { start, held } = bench()
  const standing = start()
  standing.note(0, false)
  const before = held()
  standing.note(0, true)
  expect(now(standing)).toEqual([false, 2])
  expect(held()).toBe(before + 1)
})
