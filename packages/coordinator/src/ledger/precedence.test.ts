import type { JobRecord, LedgerRecord } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { newJobRecord } from '../jobs/new-job.ts'
import { Precedence } from './precedence.ts'

/** A coordinator that others go before, with the names of those that it had told at once. */
function bench(...before: string[]) {
  const hurried: string[] = []
  const next = new Map<string, string>()
  const options = {
    self: 'self',
    order: () => [...before, 'self'],
    hurry: (instance: string) => void hurried.push(instance),
    nextOf: (key: string) => next.get(key),
  }
  return { precedence: new Precedence(options), hurried, next }
}

const nextOf = () => undefined

function recordOf(kind: string, node: string, more: Partial<JobRecord> = {}): LedgerRecord {
  const job = newJobRecord({ payload: { kind: 'shell', command: 'true' } }, { id: 'job', now: 0, sequence: 0 })
  const version = { generation: 0, ballot: { n: 1, node } }
  const value = { ...job, requirementKey: kind, ...more }
  return { key: 'job:job', version, set: { replicas: ['self'], m: 1 }, writtenAt: 0, value }
}

const job = recordOf('shell', 'a')
const leased = (kind: string, node: string) =>
  recordOf(kind, node, { status: 'leased', lease: { hostId: 'host', attempt: 1, leasedAt: 0 } })
const leave = (precedence: Precedence, times: number, record = job) => {
  for (let time = 0; time < times; time += 1) precedence.noteLeft(record)
}

test('those who go first are waited for until they have left three jobs of a kind one after the other', () => {
  const { precedence } = bench('a', 'b')
  leave(precedence, 2)
  expect(precedence.ahead(job)).toBe(2)
  leave(precedence, 1)
  expect(precedence.ahead(job)).toBe(0)
  expect(precedence.ahead(recordOf('other', 'a'))).toBe(2)
})

test('who takes a job of the kind is waited for again, and so is one who comes', () => {
  const before = ['a', 'b']
  const precedence = new Precedence({ self: 'self', order: () => [...before, 'self'], hurry: () => undefined, nextOf })
  leave(precedence, 3)
  precedence.noteLearned(leased('other', 'a'), false)
  expect(precedence.ahead(job)).toBe(0)
  precedence.noteLearned(leased('shell', 'a'), false)
  expect(precedence.ahead(job)).toBe(1)
  before.push('c')
  expect(precedence.ahead(job)).toBe(2)
})

test('who wrote a job goes before all others, wherever it stands', () => {
  const order = ['a', 'self', 'b']
  const precedence = new Precedence({ self: 'self', order: () => order, hurry: () => undefined, nextOf })
  expect(precedence.ahead(recordOf('shell', 'a'))).toBe(1)
  expect(precedence.ahead(recordOf('shell', 'b'))).toBe(2)
  expect(precedence.ahead(recordOf('shell', 'gone'))).toBe(1)
  expect(precedence.ahead(recordOf('shell', 'self'))).toBe(0)
})

test('after a lost race all are waited for again', () => {
  const { precedence } = bench('a', 'b')
  leave(precedence, 3)
  precedence.noteLost(job)
  expect(precedence.ahead(job)).toBe(2)
})

test('of a job made here the coordinator that took the last one of its kind is told at once', () => {
  const { precedence, hurried } = bench()
  const mine = recordOf('shell', 'self')
  precedence.noteLearned(mine, true)
  precedence.noteLearned(leased('shell', 'a'), false)
  precedence.noteLearned(recordOf('other', 'self'), true)
  precedence.noteLearned(recordOf('shell', 'b'), true)
  expect(hurried).toEqual([])
  precedence.noteLearned(mine, true)
  expect(hurried).toEqual(['a'])
  precedence.noteLearned(leased('shell', 'self'), false)
  precedence.noteLearned(mine, true)
  expect(hurried).toEqual(['a'])
})

test('a job made here is left to the coordinator that took the last one of its kind, until that has left three to others', () => {
  const { precedence, hurried, next } = bench('a')
  const mine = recordOf('shell', 'self')
  const { value } = mine as { value: JobRecord }
  next.set(mine.key, 'a')
  expect([precedence.takerOf(value), precedence.ahead(mine)]).toEqual([undefined, 0])
  precedence.noteLearned(leased('shell', 'a'), false)
  expect([precedence.takerOf(value), precedence.ahead(mine)]).toEqual(['a', 1])
  precedence.noteLearned(mine, true)
  expect(hurried).toEqual([])
  leave(precedence, 3, mine)
  expect([precedence.takerOf(value), precedence.ahead(mine)]).toEqual([undefined, 0])
  precedence.noteLearned(leased('shell', 'self'), false)
  expect(precedence.takerOf(value)).toBeUndefined()
})

test('one that the next round of a job was left to is not waited for when it is gone', () => {
  const { precedence, next } = bench()
  const mine = recordOf('shell', 'self')
  next.set(mine.key, 'a')
  precedence.noteLearned(leased('shell', 'a'), false)
  expect(precedence.ahead(mine)).toBe(0)
})

test('coordinators that come and go are not all remembered', () => {
  const before = ['a']
  const precedence = new Precedence({ self: 'self', order: () => [...before, 'self'], hurry: () => undefined, nextOf })
  leave(precedence, 3)
  for (let at = 0; at < 100; at += 1) {
    before[0] = `gone ${at}`
    leave(precedence, 1)
  }
  before[0] = 'a'
  expect(precedence.ahead(job)).toBe(1)
})

test('kinds that were not met for longest are forgotten', () => {
  const { precedence } = bench('a')
  leave(precedence, 3)
  for (let at = 0; at < 10_000; at += 1) precedence.noteLearned(leased(`kind ${at}`, 'a'), false)
  expect(precedence.ahead(job)).toBe(1)
})
