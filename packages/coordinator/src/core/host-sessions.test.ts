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

test('an age that another coordinator tells makes a host look as young as that, never older than it was heard here', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.hear('a', 5_000, 300)
  expect(sessions.ageMs('a', 5_000)).toBe(300)
  sessions.hear('a', 5_100)
  sessions.hear('a', 5_200, 700)
  expect(sessions.ageMs('a', 5_200)).toBe(100)
  sessions.hear('a', 5_300, 50)
  expect(sessions.ageMs('a', 5_300)).toBe(50)
  sessions.hear('a', 5_300, -1_000)
  expect(sessions.ageMs('a', 5_300)).toBe(0)
})

test('a host that others have not heard for long gets the chance to be heard here before its leases are taken', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.expect('a', 10_000)
  sessions.hear('a', 10_000, 9_000)
  expect(sessions.ageMs('a', 10_000)).toBe(9_000)
  expect(sessions.isLost('a', 11_000)).toBe(false)
  expect(sessions.isLost('a', 11_001)).toBe(true)
  sessions.hear('a', 11_500, 200)
  expect(sessions.isLost('a', 12_300)).toBe(false)
  expect(sessions.isLost('a', 12_301)).toBe(true)
})

test('a host that was silent for long and is given a lease elsewhere is not lost before what others heard of it can be known', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.hear('a', 1_000)
  sessions.expect('a', 9_000)
  expect(sessions.isLost('a', 9_000), 'by a lease that was known').toBe(true)
  sessions.expect('a', 9_000, true)
  expect(sessions.isLost('a', 10_000)).toBe(false)
  expect(sessions.isLost('a', 10_001)).toBe(true)
})

test('nobody is lost within one lease time after another coordinator came back into reach', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.hear('a', 0)
  expect(sessions.isLost('a', 5_000)).toBe(true)
  sessions.reconnected(5_000)
  expect(sessions.isLost('a', 6_000)).toBe(false)
  expect(sessions.isLost('a', 6_001)).toBe(true)
})

test('others are told the ages of the hosts that were heard lately', () => {
  const sessions = new HostSessions(leaseMs, 0)
  sessions.hear('a', 1_000)
  sessions.hear('b', 3_000, 500)
  expect([...sessions.ages(2_000, 3_500)]).toEqual([{ id: 'b', ageMs: 1_000 }])
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
