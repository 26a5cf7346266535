import { expect, test } from 'vitest'
import { checkOutcome, type Outcome } from './checks.ts'

const line = (id: string, host = 'a', attempt = 1) => ({ id, attempt, host })
const sound: Outcome = {
  acknowledged: ['1', '2'],
  handed: [line('1'), line('2', 'b')],
  reported: [line('1'), line('2', 'b')],
  statuses: [
    new Map([
      ['1', 'completed'],
      ['2', 'completed'],
    ]),
  ],
  pruned: false,
}
const failing = (outcome: Partial<Outcome>) =>
  checkOutcome({ ...sound, ...outcome }).flatMap(({ what, problem }) => (problem === undefined ? [] : [what]))

test('a load test that went well fails no check', () => {
  expect(failing({})).toEqual([])
})

test('a job handed to two hosts under one fence is found, and one handed again under the next is not', () => {
  expect(failing({ handed: [line('1', 'a'), line('1', 'b')] })).toEqual(['no attempt of a job was handed to two hosts'])
  expect(failing({ handed: [line('1', 'a'), line('1', 'a'), line('1', 'b', 2)] })).toEqual([])
})

test('a job that was lost, completed twice, made up or acknowledged twice is found', () => {
  expect(failing({ statuses: [new Map([['1', 'completed']])] })).toEqual([
    'coordinator 0 knows every acknowledged job as completed',
  ])
  expect(failing({ reported: [...sound.reported, line('1')] })).toEqual(['no job was completed twice'])
  expect(failing({ reported: [line('1')] })).toEqual([
    'every acknowledged job was reported by a host, and the report taken',
  ])
  expect(failing({ reported: [...sound.reported, line('3')] })).toEqual([
    'every completed job was enqueued by a client',
  ])
  expect(failing({ acknowledged: ['1', '2', '2'] })).toEqual(['no id was acknowledged twice'])
  expect(failing({ acknowledged: [], reported: [], handed: [], statuses: [] })).toEqual(['jobs were acknowledged'])
})

test('a job still queued at one coordinator, or known to it alone, is found', () => {
  const statuses = [new Map([...sound.statuses[0]!, ['3', 'queued']])]
  expect(failing({ statuses })).toEqual([
    'coordinator 0 knows no job that nobody enqueued',
    'coordinator 0 has nothing queued or leased',
  ])
})

test('what was forgotten by the retention is no loss, and what ended otherwise is', () => {
  expect(failing({ statuses: [new Map()], pruned: true })).toEqual([])
  expect(failing({ statuses: [new Map([['1', 'failed']])], pruned: true })).toHaveLength(1)
})
