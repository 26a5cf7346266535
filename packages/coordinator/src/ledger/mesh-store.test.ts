import { createTurns, openStore } from '@skyclaw/store'
import { expect, test } from 'vitest'
import { shellJobRecord } from '../../test/records.ts'
import { SqliteMeshStore } from './mesh-store.ts'
import { jobKey } from './record-key.ts'

const now = 1_795_000_000_000

function record(id: string) {
  const version = { generation: 0, ballot: { n: 1, node: 'a' } }
  return { key: jobKey(id), version, set: { replicas: ['a'], m: 1 }, writtenAt: 1, value: shellJobRecord({ id }) }
}

test('an input that only asks and fails, fails alone, though its question has written what others put off', async () => {
  const store = openStore({ path: ':memory:' })
  const mesh = new SqliteMeshStore({ store, now: () => now })
  const fatal: unknown[] = []
  const turns = createTurns(store, { onFatal: (error) => void fatal.push(error) })
  const [put, asked] = await Promise.allSettled([
    turns.run(() => mesh.putKnown(record('a'))),
    turns.run(() => {
      mesh.keysWithTag('x', 1)
      throw new Error('refused')
    }),
  ])
  expect([put.status, asked]).toEqual(['fulfilled', { status: 'rejected', reason: new Error('refused') }])
  expect(fatal).toEqual([])
  store.close()
})
