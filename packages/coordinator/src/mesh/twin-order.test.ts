import { expect, test } from 'vitest'
import { newJobRecord } from '../jobs/new-job.ts'
import { recordRules } from '../ledger/record-rules.ts'
import { standingTwin } from './twin-order.ts'

function twin(id: string, createdAt: number, change: object = {}) {
  const value = newJobRecord({ payload: { kind: 'shell', command: 'true' } }, { id, now: createdAt, sequence: 0 })
  return { key: `job:${id}`, value: { ...value, ...change } }
}

const standing = (...twins: ReturnType<typeof twin>[]) => standingTwin(recordRules, twins)?.value

test('of two twins the older stands, and of two of one age that with the lower key', () => {
  expect(standing(twin('b', 1), twin('a', 2))).toMatchObject({ id: 'b' })
  expect(standing(twin('b', 1), twin('a', 1))).toMatchObject({ id: 'a' })
})

test('a twin that has ended by itself stands before an older one that has not, since its end cannot be undone', () => {
  expect(standing(twin('old', 1), twin('done', 2, { status: 'completed' }))).toMatchObject({ id: 'done' })
  expect(standing(twin('old', 1), twin('stopped', 2, { status: 'cancelled' }))).toMatchObject({ id: 'stopped' })
})

test('a twin that gave way does not stand', () => {
  const gone = twin('young', 2, { status: 'cancelled', duplicateOf: 'old' })
  expect(standing(twin('old', 1), gone)).toMatchObject({ id: 'old' })
})

test('nothing stands among none', () => {
  expect(standing()).toBeUndefined()
})
