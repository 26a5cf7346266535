import { expect, test } from 'vitest'
import { collectionsOf } from './collections.ts'
import { runDay } from './run-day.ts'

const seed = Math.floor(Math.random() * 2 ** 31)

test(
  `a simulated hour of work, faults and forgetting breaks nothing, and leaves nothing of what ended (pnpm simulate:day --hours 1 --from ${seed})`,
  { timeout: 120_000 },
  () => {
    const { violation, coverage, hours } = runDay(seed, 1)
    expect(violation).toBeUndefined()
    expect(coverage.faults.size).toBeGreaterThan(8)
    expect(Math.max(...hours.map(({ records }) => records))).toBeGreaterThan(2 * hours.at(-1)!.records)
  },
)

test('what an object holds in private fields is found, through proxies and fields, but not through those left out', () => {
  class Holder {
    readonly #kept = new Map([[1, 'one']])
    readonly world = { large: [1, 2, 3] }
    readonly inner: object
    constructor(inner: object) {
      this.inner = inner
    }
    get size(): number {
      return this.#kept.size
    }
  }
  const holder = new Holder(new Proxy(new Holder({ list: ['a', 'b'] }), {}))
  const found = collectionsOf(holder, new Set(['world'])).map(({ path, size }) => `${path} ${size}`)
  expect(found.toSorted()).toEqual(['#kept 1', 'inner.#kept 1', 'inner.inner.list 2'])
})
