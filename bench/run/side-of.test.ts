import { expect, test } from 'vitest'
import { type Approach, sideOf, type System } from './side-of.ts'

interface Fake extends System {
  taken: number
}

function fakeSide(taking: (jobs: number) => number, stopped: string[] = []) {
  const approach: Approach<Fake> = {
    ...{ name: 'fake', durability: 'none' },
    version: async () => '1',
    start: async () => ({ taken: 0, processes: [], stop: async () => void stopped.push('stopped') }),
    load: async (system, { measured, warmUp }) => {
      system.taken = taking(measured + warmUp)
      return { operations: measured, elapsedMs: 500, latencies: [1, 2, 3] }
    },
    count: async ({ taken }) => taken,
  }
  return sideOf(approach, { jobs: 1_000, counted: 100, batch: 100 })
}

test('a run counts when the system has exactly the jobs that were sent, those of the warm-up too', async () => {
  const measurement = await fakeSide((jobs) => jobs).measure('', { scale: 5 })
  // 5,000 jobs within 500 ms.
  expect(measurement.value).toBe(10_000)
  expect(measurement.details).toMatchObject({ p50Ms: 2, p99Ms: 3 })
})

test.each([
  ['fewer', (jobs: number) => jobs - 1],
  ['more', (jobs: number) => jobs + 1],
])('a run after which the system has %s jobs than were sent fails, and the system is stopped', async (_, taking) => {
  const stopped: string[] = []
  await expect(fakeSide(taking, stopped).measure('', { scale: 2 })).rejects.toThrow('the run does not count')
  expect(stopped).toEqual(['stopped'])
})
