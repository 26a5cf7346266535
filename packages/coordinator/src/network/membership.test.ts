import type { MemberNews } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { type KnownMember, Membership } from './membership.ts'

const urls = ['http://b', 'http://c']
const onlyB = ['http://b']

function news(instance: string, more: Partial<MemberNews> = {}): MemberNews {
  const who = { nodeId: `node-${instance}`, instance, url: `http://${instance}`, version: '1', state: 'alive' as const }
  return { ...who, boot: `boot-${instance}`, turn: 1, ready: true, feedSeq: 0, ...more }
}

function create(known: KnownMember[] = [], peerUrls = urls): Membership {
  const timing = { deadAfterMs: 3_000, keepReplacedMs: 10_000, now: 0 }
  return new Membership({ instance: 'a', boot: 'boot-a', peerUrls, ...timing, known })
}

/** Ticks as often as a coordinator does. */
function tickTo(membership: Membership, from: number, to: number): void {
  for (let now = from; now < to; now += 1_000) membership.tick(now)
  membership.tick(to)
}

const answer = (self: MemberNews, known = true) => ({ self, seen: { known }, roundTripMs: 1 })
const kinds = (membership: Membership) => membership.takeEvents().map(({ kind }) => kind)

test('a member is alive while it has answered within the time, and only then', () => {
  const membership = create([], onlyB)
  membership.answered('http://b', answer(news('b')), 10)
  expect(membership.members()).toEqual([{ instance: 'b', alive: true, ready: true, since: 10 }])
  membership.answered('http://b', answer(news('b')), 2_000)
  tickTo(membership, 0, 5_000)
  expect(membership.alive()).toHaveLength(1)
  membership.tick(5_001)
  expect(membership.members()).toEqual([{ instance: 'b', alive: false, ready: true, since: 5_001 }])
  membership.answered('http://b', answer(news('b')), 9_000)
  expect(membership.members()).toEqual([{ instance: 'b', alive: true, ready: true, since: 9_000 }])
  expect(kinds(membership)).toEqual(['alive', 'dead', 'alive'])
})

test('after a pause in which nobody could be heard, those that were alive have the time to answer', () => {
  const membership = create([], onlyB)
  membership.answered('http://b', answer(news('b')), 0)
  tickTo(membership, 0, 1_000)
  membership.tick(60_000)
  expect(membership.alive()).toHaveLength(1)
  tickTo(membership, 60_000, 63_000)
  expect(membership.alive()).toHaveLength(1)
  membership.tick(63_001)
  expect(membership.alive()).toHaveLength(0)
})

test('a coordinator that does not count this one as a member is a member, but not a live one', () => {
  const membership = create([], onlyB)
  membership.answered('http://b', answer(news('b'), false), 0)
  expect(membership.members()).toMatchObject([{ instance: 'b', alive: false }])
  expect(membership.isMember('b')).toBe(true)
  membership.answered('http://b', answer(news('b')), 1)
  expect(membership.alive()).toHaveLength(1)
  membership.answered('http://b', answer(news('b'), false), 2)
  expect(membership.alive()).toHaveLength(0)
})

test('an instance that another one replaces at its URL is dead at once, and no member for long', () => {
  const membership = create([], onlyB)
  membership.answered('http://b', answer(news('b')), 0)
  membership.answered('http://b', answer(news('b2')), 1_000)
  expect(membership.members()).toEqual([
    { instance: 'b', alive: false, ready: true, since: 1_000 },
    { instance: 'b2', alive: true, ready: true, since: 1_000 },
  ])
  expect(membership.isMember('b')).toBe(false)
  expect(membership.isMember('b2')).toBe(true)
  expect(membership.at('http://b')?.instance).toBe('b2')
  expect(kinds(membership)).toEqual(['alive', 'replaced', 'alive'])
  membership.tick(11_001)
  expect(membership.members().map(({ instance }) => instance)).toEqual(['b2'])
})

test('whoever is expected at a URL is a member before it was ever heard: it may know of records', () => {
  const membership = create()
  expect(membership.members().map(({ instance, alive }) => [instance, alive])).toEqual([
    ['http://b', false],
    ['http://c', false],
  ])
  membership.answered('http://b', answer(news('b')), 0)
  expect(membership.members().map(({ instance, alive }) => [instance, alive])).toEqual([
    ['b', true],
    ['http://c', false],
  ])
})

test('an instance that returns to its URL is what it was', () => {
  const membership = create()
  for (const [at, instance] of ['b', 'b2', 'b'].entries()) membership.answered('http://b', answer(news(instance)), at)
  expect(membership.alive().map(({ instance }) => instance)).toEqual(['b'])
  expect(membership.isMember('b2')).toBe(false)
})

test('an instance that moves to another configured URL is not replaced', () => {
  const membership = create()
  membership.answered('http://b', answer(news('b')), 0)
  membership.answered('http://c', answer(news('b')), 10)
  membership.answered('http://b', answer(news('c')), 20)
  expect(membership.alive().map(({ instance, url }) => [instance, url])).toEqual([
    ['b', 'http://c'],
    ['c', 'http://b'],
  ])
})

test('members from before the start are known and dead until they answer; at one URL the one heard last counts', () => {
  const membership = create([
    { instance: 'b2', nodeId: 'b', url: 'http://b', forgotten: false },
    { instance: 'b1', nodeId: 'b', url: 'http://b', forgotten: true },
    { instance: 'x', nodeId: 'x', url: 'http://not-configured-any-more', forgotten: false },
    { instance: 'a', nodeId: 'a', url: 'http://c', forgotten: false },
  ])
  expect(membership.members()).toEqual([
    { instance: 'b2', alive: false, ready: false, since: 0 },
    { instance: 'b1', alive: false, ready: false, since: 0, forgotten: true },
    { instance: 'http://c', alive: false, ready: false, since: 0 },
  ])
  expect(['b2', 'b1', 'x'].map((instance) => membership.isMember(instance))).toEqual([true, false, false])
  membership.answered('http://b', answer(news('b2')), 5)
  expect(membership.alive().map(({ instance }) => instance)).toEqual(['b2'])
})

test('a URL that leads back to this coordinator is told of once and is no member', () => {
  const membership = create([], onlyB)
  for (const now of [0, 1]) expect(membership.answered('http://b', answer(news('a')), now)).toBe(false)
  expect(membership.members()).toEqual([])
  expect(kinds(membership)).toEqual(['self'])
})

test('another process of an instance is told of: of its own, and of another one', () => {
  const membership = create()
  membership.answered('http://b', answer(news('a', { boot: 'other' })), 0)
  expect(kinds(membership)).toEqual(['copy'])
  membership.answered('http://b', answer(news('b')), 1)
  membership.answered('http://c', answer(news('b', { boot: 'other' })), 2)
  expect(kinds(membership)).toEqual(['alive', 'copy'])
  expect(membership.elsewhere('b', 'boot-b', 3)).toBe('http://c')
  expect(membership.elsewhere('b', 'other', 3)).toBe('http://b')
})

test('a restart at the same URL is no copy, and where an instance was is forgotten when it is dead', () => {
  const membership = create()
  membership.answered('http://b', answer(news('b')), 0)
  membership.answered('http://b', answer(news('b', { boot: 'after' })), 100)
  expect(kinds(membership)).toEqual(['alive'])
  expect(membership.elsewhere('b', 'boot-b', 3_100)).toBe('http://b')
  expect(membership.elsewhere('b', 'boot-b', 3_101)).toBeUndefined()
})

test('the revision counts exactly the changes of what the mesh is told', () => {
  const membership = create()
  const steps: [string, () => void][] = [
    ['new', () => membership.answered('http://b', answer(news('b', { ready: false }), false), 0)],
    ['alive', () => membership.answered('http://b', answer(news('b', { ready: false })), 1)],
    ['same', () => membership.answered('http://b', answer(news('b', { ready: false, turn: 9 })), 2)],
    ['ready', () => membership.answered('http://b', answer(news('b')), 3)],
    ['nothing', () => tickTo(membership, 4, 3_003)],
    ['itself', () => membership.answered('http://c', answer(news('a')), 3_003)],
    ['itself', () => membership.answered('http://c', answer(news('a')), 3_003)],
    ['dead', () => membership.tick(3_004)],
    ['replaced', () => membership.answered('http://b', answer(news('b2'), false), 4_000)],
    ['dropped', () => membership.tick(14_001)],
  ]
  const changes = steps.filter(([, run]) => {
    const before = membership.revision
    const told = JSON.stringify(membership.members())
    run()
    expect(membership.revision > before).toBe(JSON.stringify(membership.members()) !== told)
    return membership.revision > before
  })
  expect(changes.map(([name]) => name)).toEqual(['new', 'alive', 'ready', 'itself', 'dead', 'replaced', 'dropped'])
})

test('a member whose port refuses connections is dead at once, and alive with its next answer', () => {
  const membership = create()
  membership.answered('http://b', answer(news('b')), 0)
  membership.answered('http://c', answer(news('c')), 0)
  membership.refused('http://b', 10)
  expect(membership.members()).toEqual([
    { instance: 'b', alive: false, ready: true, since: 10 },
    { instance: 'c', alive: true, ready: true, since: 0 },
  ])
  const { revision } = membership
  membership.refused('http://b', 20)
  membership.tick(30)
  expect(membership.revision).toBe(revision)
  membership.answered('http://b', answer(news('b'), false), 40)
  expect(membership.alive()).toHaveLength(1)
  membership.answered('http://b', answer(news('b')), 50)
  expect(membership.alive()).toHaveLength(2)
  expect(kinds(membership)).toEqual(['alive', 'alive', 'dead', 'alive'])
})

test('a connection refused where a member has moved away from, or where nobody was heard, is no sign of anything', () => {
  const membership = create()
  membership.refused('http://b', 0)
  membership.answered('http://b', answer(news('b')), 1)
  membership.answered('http://c', answer(news('b')), 2)
  membership.refused('http://b', 3)
  expect(membership.alive().map(({ url }) => url)).toEqual(['http://c'])
})
