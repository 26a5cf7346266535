import { expect, test } from 'vitest'
import { MeshCores, taken } from '../../test/mesh-cores.ts'
import { shellJobRecord } from '../../test/records.ts'
import { write } from '../core/decision.ts'
import { Pace } from './pace.ts'

test('waits are drawn out tenfold at most, and not at all once answers come soon again', () => {
  const pace = new Pace()
  expect(pace.factor).toBe(1)
  for (let phase = 0; phase < 100; phase += 1) pace.took(60_000)
  expect(pace.factor).toBe(10)
  for (let phase = 0; phase < 100; phase += 1) pace.took(5)
  expect(pace.factor).toBe(1)
})

test('where answers take long, what is on its way is not sent again and again', () => {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  cores.delayMs = 700
  const accepts = (jobs: number) => {
    const from = cores.sent.length
    for (let index = 0; index < jobs; index += 1) {
      const key = `job:j${cores.sent.length}`
      const job = shellJobRecord({ id: key.slice('job:'.length), now: cores.wall })
      taken(cores.change('a', { key, fresh: true, decide: (current) => write(current ?? job) }))
    }
    return cores.sent.slice(from).filter((type) => type === 'accept').length
  }
  const [others, jobs] = [2, 10]
  expect(accepts(jobs)).toBeGreaterThan(others * jobs)
  expect(accepts(jobs)).toBe(others * jobs)
})
