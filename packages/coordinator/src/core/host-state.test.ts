import type { HostRecord } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import type { Decision } from './decision.ts'
import { drain, hostState, pause, resume, takesJobs } from './host-state.ts'

const host: HostRecord = {
  kind: 'host',
  id: 'a',
  name: 'a',
  capabilities: [],
  maxParallel: 1,
  labels: {},
  registeredAt: 1,
  updatedAt: 1,
}

function written(decision: Decision<HostRecord>): HostRecord {
  if (decision.kind !== 'write') throw new Error(`expected a write, got ${decision.kind}`)
  return decision.value
}

const paused = written(pause(host, 'a', 10))
const draining = written(drain(host, 'a', { now: 10, deadlineMs: 500 }))

test('a host is active until it is paused or drained, and drained once a draining one holds nothing', () => {
  expect([hostState(host, 1), hostState(paused, 0), hostState(draining, 1), hostState(draining, 0)]).toEqual([
    'active',
    'paused',
    'draining',
    'drained',
  ])
  expect([host, paused, draining].map(takesJobs)).toEqual([true, false, false])
})

test('a wish that is the same already is kept, so that a repeat gives no more time', () => {
  expect(pause(paused, 'a', 20).kind).toBe('keep')
  expect(drain(draining, 'a', { now: 20, deadlineMs: 500 }).kind).toBe('keep')
  expect(resume(host, 'a', 20).kind).toBe('keep')
})

test('another wish takes the place of the one before, another deadline too', () => {
  expect(written(drain(paused, 'a', { now: 20 })).wanted).toEqual({ state: 'draining', since: 20 })
  const sooner = drain(draining, 'a', { now: 20, deadlineMs: 0 })
  expect(written(sooner).wanted).toEqual({ state: 'draining', since: 20, deadlineMs: 0 })
  expect(written(pause(draining, 'a', 20)).wanted).toEqual({ state: 'paused', since: 20 })
  expect(written(resume(draining, 'a', 20))).toEqual({ ...host, updatedAt: 20 })
})

test('a host that nobody knows cannot be wanted otherwise', () => {
  for (const decision of [pause(null, 'a', 1), resume(null, 'a', 1), drain(null, 'a', { now: 1 })]) {
    expect(decision).toMatchObject({ kind: 'refuse', error: { code: 'not_found' } })
  }
})
