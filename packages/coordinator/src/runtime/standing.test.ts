import { openStore } from '@skyclaw/store'
import { expect, test } from 'vitest'
import type { Driver } from './driver.ts'
import { Standing } from './standing.ts'

const options = { peerUrls: [] as string[], minReplications: 2, minReplicationsAlone: 1 }

function bench() {
  const store = openStore({ path: ':memory:' })
  const lines: string[] = []
  const log = { info: (_: object, line: string) => void lines.push(line), warn: () => undefined }
  const driver: Driver = { run: async (input) => input(undefined as never, undefined as never) }
  const start = (hadMembers = false, more: Partial<typeof options> = {}) => {
    const standing = new Standing({ options: { ...options, ...more }, store, log: log as never, hadMembers })
    standing.open(driver)
    return standing
  }
  return { start, lines }
}

const now = (standing: Standing) => [standing.standalone, standing.minReplications]

test('one that never had another is standalone until it has, for good, and says so once', () => {
  const { start, lines } = bench()
  const standing = start()
  standing.note({ incarnation: 1, hasPeers: false })
  expect(now(standing)).toEqual([true, 1])
  for (const hasPeers of [true, false]) standing.note({ incarnation: 1, hasPeers })
  expect(now(standing)).toEqual([false, 2])
  // Though nothing else is left of the others.
  expect(now(start())).toEqual([false, 2])
  expect(lines).toEqual(['no longer standalone: from now on a change is acknowledged when 2 coordinators have it'])
})

test('one that was given others, or knows some, is not standalone from the start, which is no news', () => {
  const { start, lines } = bench()
  expect(now(start(false, { peerUrls: ['http://b'] }))).toEqual([false, 2])
  const standing = start(true)
  expect(now(standing)).toEqual([false, 2])
  standing.note({ incarnation: 0, hasPeers: true })
  expect(now(start())).toEqual([false, 2])
  expect(lines).toEqual([])
})

test('its incarnation goes on where an earlier process left it', () => {
  const { start } = bench()
  start().note({ incarnation: 7, hasPeers: false })
  expect(start().incarnation).toBe(7)
})
