import { expect, test } from 'vitest'
import { openStore } from '../open.ts'
import type { RecordRow } from '../schema/records.ts'
import { prepareGetRecord } from './get-record.ts'
import { preparePutRecord } from './put-record.ts'

const queued: RecordRow = {
  ...{ key: 'job:1', kind: 'job', epochN: 0, epochNode: '', generation: 0, ballotN: 1, ballotNode: 'a', writtenAt: 1 },
  ...{ feedSeq: 1, replicas: '["a"]', m: 1, moved: null, sequence: 1, status: 'queued', hostId: null },
  ...{ requirementKey: '[]', priority: 0, runAt: 1, due: 1, finishedAt: null, tag: null },
  ...{ value: '{}', promisedN: 1, promisedNode: 'a' },
}
const leased: RecordRow = {
  ...{ ...queued, feedSeq: 2, ballotN: 2, status: 'leased', hostId: 'h', requirementKey: null, priority: null },
  ...{ runAt: null, due: null, tag: 'claim:1', value: '{"lease":{}}', promisedN: null, promisedNode: null },
}

function headOf({ value: _value, promisedN: _promisedN, promisedNode: _promisedNode, ...head }: RecordRow) {
  return head
}

test('a row of which only what differs is written is the same as one that is written whole', () => {
  const store = openStore({ path: ':memory:' })
  const [put, get] = [preparePutRecord(store.db), prepareGetRecord(store.db)]
  put(queued)
  let before = queued
  for (const name of Object.keys(leased) as (keyof RecordRow)[]) {
    const now = { ...before, [name]: leased[name] }
    put(now, headOf(before))
    expect(get(queued.key)).toEqual(now)
    before = now
  }
  put(queued, headOf(leased))
  expect(get(queued.key)).toEqual(queued)
  store.close()
})

test('a row that is not there after all is written whole', () => {
  const store = openStore({ path: ':memory:' })
  const [put, get] = [preparePutRecord(store.db), prepareGetRecord(store.db)]
  put(leased, headOf(queued))
  expect(get(leased.key)).toEqual(leased)
  store.close()
})
