import { expect, test } from 'vitest'
import { HostSessions } from '../core/host-sessions.ts'
import { HostAges } from './host-ages.ts'

test('a coordinator is told of the hosts heard since it was told last, and of none beyond the lease time', () => {
  const sessions = new HostSessions(20_000, 0)
  const ages = new HostAges(sessions, 10)
  sessions.hear('old', 1_000)
  sessions.hear('h1', 30_000)
  expect(ages.newsFor('b', 31_000)).toEqual([{ id: 'h1', ageMs: 1_000 }])
  ages.told('b', 31_000)
  sessions.hear('h2', 31_500)
  expect(ages.newsFor('b', 32_000)).toEqual([{ id: 'h2', ageMs: 500 }])
  expect(ages.newsFor('c', 32_000)).toHaveLength(2)
})

test('what a coordinator did not get is told again', () => {
  const sessions = new HostSessions(20_000, 0)
  const ages = new HostAges(sessions, 10)
  sessions.hear('h1', 100)
  for (const now of [200, 300]) expect(ages.newsFor('b', now)).toHaveLength(1)
})

test('with more hosts than one exchange takes, all have their turn', () => {
  const sessions = new HostSessions(20_000, 0)
  const ages = new HostAges(sessions, 4)
  const hosts = Array.from({ length: 10 }, (_, n) => `h${n}`)
  const told = new Set<string>()
  for (let now = 0; now < 5; now += 1) {
    for (const host of hosts) sessions.hear(host, now)
    const news = ages.newsFor('b', now)
    expect(news).toHaveLength(4)
    for (const { id } of news) told.add(id)
    ages.told('b', now - 1)
  }
  expect(told.size).toBe(10)
})

test('a host counts as heard when the other coordinator heard it, never later', () => {
  const sessions = new HostSessions(20_000, 0)
  new HostAges(sessions, 10).hear([{ id: 'h1', ageMs: 400 }], 5_000, 100)
  expect(sessions.ageMs('h1', 5_000)).toBe(500)
})
