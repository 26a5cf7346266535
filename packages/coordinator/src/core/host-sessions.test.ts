import { expect, test } from 'vitest'
import { HostSessions } from './host-sessions.ts'

const leaseMs = 1_000

test('a host is lost when it was silent for longer than the lease time, and until then its leases run on', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.hear('a', 5_000)
  expect(sessions.isLost('a', 6_000)).toBe(false)
  expect(sessions.remainingMs('a', 5_400)).toBe(600)
  expect(sessions.isLost('a', 6_001)).toBe(true)
  expect(sessions.remainingMs('a', 7_000)).toBe(0)
})

test('nobody is lost within one lease time after the start', () => {
  const sessions = new HostSessions(leaseMs, 5_000)
  expect(sessions.isLost('never heard', 6_000)).toBe(false)
  expect(sessions.isLost('never heard', 6_001)).toBe(true)
})

test('nobody is lost within one lease time after the process stood still and could hear nobody', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.hear('a', 0)
  sessions.awake(400)
  sessions.awake(800)
  expect(sessions.isLost('a', 1_001)).toBe(true)
  sessions.awake(9_000)
  expect(sessions.isLost('a', 9_001)).toBe(false)
  expect(sessions.isLost('never heard', 10_000)).toBe(false)
  sessions.awake(9_500)
  sessions.awake(10_000)
  expect(sessions.isLost('a', 10_001)).toBe(true)
})

test('a host that was silent for long is forgotten', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.hear('a', 1_000)
  sessions.expect('b', 1_000)
  sessions.forget(5_000, 6_000)
  expect(sessions.ageMs('a', 6_000)).toBe(5_000)
  sessions.forget(5_000, 6_001)
  expect(sessions.ageMs('a', 6_001)).toBeUndefined()
  expect(sessions.isLost('b', 6_001)).toBe(true)
})

test('a host is not forgotten, and so not lost, within its lease time', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.hear('a', 5_000)
  sessions.forget(500, 6_000)
  expect(sessions.isLost('a', 6_000)).toBe(false)
})
