import type { DueRecord } from '@skyclaw/store'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byUrgency, candidates } from './candidates.ts'
import { QueueIndex } from './queue-index.ts'

const requirementKeys = ['a', 'b', 'c', 'd', 'e']

interface Queued extends DueRecord {
  readonly requirementKey: string
}

const orders = fc.record({
  requirementKey: fc.constantFrom(...requirementKeys),
  priority: fc.integer({ min: 0, max: 2 }),
  runAt: fc.integer({ min: 0, max: 3 }),
  sequence: fc.integer({ min: 0, max: 3 }),
})

const queues = fc
  .array(orders, { maxLength: 120 })
  .map((all) => all.map((order, index): Queued => ({ ...order, key: `job:${index}` })))

/** The due records as the database gives them, and how many were read. */
function database(queued: Iterable<Queued>) {
  const reads: number[] = []
  const due = (requirementKey: string, limit: number): DueRecord[] => {
    const rows = [...queued].filter((job) => job.requirementKey === requirementKey).toSorted(byUrgency)
    reads.push(Math.min(limit, rows.length))
    return rows.slice(0, limit)
  }
  return { reads, due }
}

function indexed({ requirementKey, ...order }: Queued) {
  return { ...order, requirementKey, status: 'queued', hostId: null, due: 1 }
}

function take(all: Generator<DueRecord>, count: number): DueRecord[] {
  const taken: DueRecord[] = []
  while (taken.length < count) {
    const { value, done } = all.next()
    if (done) break
    taken.push(value)
  }
  return taken
}

test('candidates come in the order of urgency over all keys, none left out, whatever is known of their best', () => {
  fc.assert(
    fc.property(queues, fc.integer({ min: 1, max: 40 }), fc.subarray(requirementKeys), (queued, limit, known) => {
      const { due } = database(queued)
      const lanes = requirementKeys.map((key) => ({ key, best: known.includes(key) ? due(key, 1)[0] : undefined }))
      const found = [...candidates(lanes, limit, due)].map(({ key }) => key)
      expect(found).toEqual(queued.toSorted(byUrgency).map(({ key }) => key))
    }),
  )
})

test('what is known as the best record of a requirement key is the best, however records come and go and claims look', () => {
  const steps = fc.array(
    fc.oneof(
      orders.map((order) => ({ kind: 'come' as const, order })),
      fc.nat().map((nth) => ({ kind: 'go' as const, nth })),
      fc.nat({ max: 20 }).map((taken) => ({ kind: 'look' as const, taken })),
    ),
    { maxLength: 80 },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const index = new QueueIndex()
      const queued = new Map<string, Queued>()
      const { due } = database({ [Symbol.iterator]: () => queued.values() })
      for (const [number, step] of all.entries()) {
        if (step.kind === 'come') {
          const job: Queued = { ...step.order, key: `job:${number}` }
          queued.set(job.key, job)
          index.replace(undefined, indexed(job), () => ({}))
        } else if (step.kind === 'go' && queued.size > 0) {
          const job = [...queued.values()][step.nth % queued.size]!
          queued.delete(job.key)
          index.replace(indexed(job), undefined, () => ({}))
        } else if (step.kind === 'look') {
          take(
            candidates(
              index.lanesFor(() => true),
              4,
              due,
            ),
            step.taken,
          )
        }
        const lanes = index.lanesFor(() => true)
        expect(lanes.map(({ key }) => key).toSorted()).toEqual(
          [...new Set([...queued.values()].map((job) => job.requirementKey))].toSorted(),
        )
        for (const { key, best } of lanes) if (best) expect(best.key).toBe(due(key, 1)[0]?.key)
      }
    }),
  )
})

test('a look at many keys reads only of those that the records asked for come from', () => {
  const many = Array.from({ length: 200 }, (_, lane) => `lane-${lane}`)
  const queued = Array.from({ length: 2_000 }, (_, sequence) => ({
    ...{ key: `job:${sequence}`, requirementKey: many[sequence % many.length]!, priority: 0, runAt: 0, sequence },
  }))
  const { due, reads } = database(queued)
  const lanes = many.map((key) => ({ key, best: due(key, 1)[0] }))
  reads.length = 0
  const found = take(candidates(lanes, 16, due), 16)
  expect(found.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 16 }, (_, sequence) => sequence))
  expect(reads.length).toBeLessThan(16)
  expect(Math.max(...reads)).toBeLessThan(8)
})
