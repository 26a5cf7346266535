import { expect, test } from 'vitest'
import { VirtualMembers } from '../../test/virtual-members.ts'

function started(count: number): { network: VirtualMembers; names: string[] } {
  const network = new VirtualMembers()
  const names = Array.from({ length: count }, (_, n) => `n${n}`)
  for (const [n, name] of names.entries()) network.start(name, { peerUrls: n > 0 ? [names[n - 1]!] : [] })
  network.run(10_000)
  return { network, names }
}

test('a chain, each with the URL of the one before, becomes one network within ten seconds', () => {
  const { network, names } = started(10)
  expect(network.agree(names)).toBe(true)
  for (const name of names) expect(network.members.get(name)!.membership.peers()).toHaveLength(9)
})

test('one whose port is closed is unusable at once and dead after it had the time to refute', () => {
  const { network, names } = started(5)
  network.members.get('n2')!.state = 'down'
  network.run(1_500)
  const others = names.filter((name) => name !== 'n2')
  for (const name of others) expect(network.stateOf('n2', name)).not.toBe('dead')
  network.run(14_000)
  for (const name of others) expect(network.stateOf('n2', name)).toBe('dead')
  for (const name of others) {
    const [member] = network.members
      .get(name)!
      .membership.members()
      .filter(({ alive }) => !alive)
    expect(member).toMatchObject({ instance: 'i-n2' })
    expect(member!.since).toBeLessThan(network.now)
  }
})

test('one that comes back under its URL and instance is alive again soon, with a higher incarnation', () => {
  const { network, names } = started(3)
  const before = network.members.get('n1')!
  before.state = 'down'
  network.run(15_000)
  expect(network.stateOf('n1', 'n0')).toBe('dead')
  const known = before.membership.peers().map(({ instance, nodeId, url, version, incarnation }) => ({
    instance,
    nodeId,
    url,
    version,
    incarnation,
    forgotten: false,
  }))
  network.start('n1', { known, incarnation: before.membership.incarnation })
  network.run(3_000)
  expect(network.agree(names)).toBe(true)
})

test('one that stood still is dead meanwhile, declares nobody dead when it goes on, and refutes', () => {
  const { network, names } = started(5)
  const paused = network.members.get('n4')!
  paused.state = 'paused'
  network.run(40_000)
  expect(network.stateOf('n4', 'n0')).toBe('dead')
  paused.state = 'up'
  network.run(5_000)
  expect(network.agree(names)).toBe(true)
  expect(paused.events.filter(({ kind }) => kind === 'dead' || kind === 'suspect')).toEqual([])
  expect(paused.events.filter(({ kind }) => kind === 'refuted').length).toBeGreaterThan(0)
})

test('a link that is cut in one direction makes nobody dead, and nobody is usable over it', () => {
  const { network } = started(4)
  network.reaches = (from, to) => !(from === 'n0' && to === 'n1')
  network.run(120_000)
  expect([network.stateOf('n1', 'n0'), network.stateOf('n0', 'n1')]).toEqual(['alive', 'alive'])
  expect(network.members.get('n0')!.membership.peer('i-n1')!.usable).toBe(false)
  // It is out of reach, not dead: nothing is repaired for that.
  const [member] = network.members
    .get('n0')!
    .membership.members()
    .filter(({ alive }) => !alive)
  expect(member).toEqual({ instance: 'i-n1', alive: false, ready: true, since: Number.POSITIVE_INFINITY })
  for (const { events } of network.members.values()) expect(events.filter(({ kind }) => kind === 'dead')).toEqual([])
})

test('two halves that were cut apart find each other again within ten seconds', () => {
  const { network, names } = started(5)
  const left = new Set(['n0', 'n1'])
  network.reaches = (from, to) => left.has(from) === left.has(to)
  network.run(60_000)
  expect([network.stateOf('n4', 'n0'), network.stateOf('n0', 'n4')]).toEqual(['dead', 'dead'])
  network.reaches = () => true
  network.run(10_000)
  expect(network.agree(names)).toBe(true)
})

test('who names the URL or the instance of another becomes no member, and is asked nothing but a challenge', () => {
  const { network } = started(2)
  const stranger = network.start('stranger')
  network.members.get('stranger')!.state = 'paused'
  const join = (request: { nodeId: string; instance: string; url: string }) => {
    let answer: unknown
    const { membership } = network.members.get('n0')!
    membership.answerJoin({ version: '1.0.0', ...request }, network.now, (value) => void (answer = value))
    network.run(5_000)
    return answer
  }
  expect(join({ nodeId: 'x', instance: 'i-x', url: 'http://n1' })).toMatchObject({ code: 'url_unverified' })
  expect(join({ nodeId: 'x', instance: 'i-x', url: 'http://nobody' })).toMatchObject({ code: 'url_unverified' })
  stranger.state = 'up'
  expect(join({ nodeId: 'x', instance: 'i-n1', url: 'http://stranger' })).toMatchObject({ code: 'url_unverified' })
  expect(new Set(stranger.calls)).toEqual(new Set(['challenge from n0']))
  expect(network.members.get('n0')!.membership.peers()).toHaveLength(1)
})

test('a copy of a live member, elsewhere, is refused', () => {
  const { network } = started(2)
  network.start('copy', { instance: 'i-n1', peerUrls: ['n0'] })
  network.run(10_000)
  const { membership, events } = network.members.get('n0')!
  expect(membership.peer('i-n1')).toMatchObject({ url: 'http://n1', state: 'alive' })
  expect(events).toContainEqual(expect.objectContaining({ kind: 'copy', instance: 'i-n1' }))
})

test('another instance at the same URL replaces the one before, everywhere', () => {
  const { network, names } = started(3)
  network.start('n1', { instance: 'i-new', peerUrls: ['n0'] })
  network.run(10_000)
  for (const name of ['n0', 'n2']) {
    expect(network.stateOf('n1', name)).toBe('replaced')
    expect(network.members.get(name)!.membership.peer('i-new')).toMatchObject({ state: 'alive', usable: true })
    expect(network.members.get(name)!.membership.isMember('i-n1')).toBe(false)
  }
  network.run(70_000)
  for (const name of names) expect(network.members.get(name)!.membership.peer('i-n1')).toBeUndefined()
})

test('who is forgotten is so for all, and is told so when it comes back', () => {
  const { network } = started(4)
  const gone = network.members.get('n3')!
  gone.state = 'down'
  network.run(20_000)
  network.members.get('n0')!.membership.forget('i-n3', network.now)
  network.run(10_000)
  for (const name of ['n0', 'n1', 'n2']) expect(network.stateOf('n3', name)).toBe('forgotten')
  gone.state = 'up'
  network.run(10_000)
  expect(gone.events).toContainEqual({ kind: 'self_forgotten' })
  expect(network.stateOf('n3', 'n0')).toBe('forgotten')
})

test('two live members of one name are a conflict', () => {
  const { network } = started(2)
  network.start('twin', { nodeId: 'n1', peerUrls: ['n0'] })
  network.run(5_000)
  expect(network.members.get('n0')!.membership.nameConflicts()).toEqual(['n1'])
  expect(network.members.get('twin')!.membership.nameConflicts()).toEqual(['n1'])
})

test('without discovery nobody but those at the configured URLs becomes a member', () => {
  const { network } = started(2)
  const closed = network.start('closed', { peerUrls: ['n0'], discovery: false })
  network.run(10_000)
  expect(closed.membership.peers().map(({ instance }) => instance)).toEqual(['i-n0'])
})

test('whom another member named counts as one that may know of records until it was reached', () => {
  const { network } = started(2)
  network.reaches = (from, to) => !(from === 'late' && to === 'n1') && !(from === 'n1' && to === 'late')
  const late = network.start('late', { peerUrls: ['n0'] })
  expect(late.membership.members()).toEqual([{ instance: 'http://n0', alive: false, ready: false, since: network.now }])
  network.run(5_000)
  expect(late.membership.members()).toContainEqual({
    ...{ instance: 'i-n1', alive: false, ready: false, since: Number.POSITIVE_INFINITY },
  })
  network.reaches = () => true
  network.run(70_000)
  expect(late.membership.members().map(({ alive }) => alive)).toEqual([true, true])
})

test('a flood of joins that lead nowhere keeps an honest one waiting for no longer than those before it are asked', () => {
  const { network } = started(2)
  const { membership } = network.members.get('n0')!
  for (let n = 0; n < 10_000; n += 1) {
    const request = { nodeId: `x${n}`, instance: `i-x${n}`, url: `http://nowhere-${n}`, version: '1.0.0' }
    membership.answerJoin(request, network.now, () => undefined)
  }
  network.start('honest', { peerUrls: ['n0'] })
  network.run(30_000)
  expect(network.agree(['n0', 'n1', 'honest'])).toBe(true)
})

test('a newcomer hears of those who were down when the others started again', () => {
  const { network } = started(3)
  const { membership } = network.members.get('n0')!
  const known = membership.peers().map(({ instance, nodeId, url, version, incarnation }) => ({
    ...{ instance, nodeId, url, version, incarnation, forgotten: false },
  }))
  for (const name of ['n0', 'n1', 'n2']) network.members.get(name)!.state = 'down'
  network.start('n0', { known, incarnation: membership.incarnation })
  const late = network.start('late', { peerUrls: ['n0'] })
  network.run(5_000)
  expect(late.membership.members()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ instance: 'i-n0', alive: true }),
      expect.objectContaining({ instance: 'i-n1', alive: false }),
      expect.objectContaining({ instance: 'i-n2', alive: false }),
    ]),
  )
  // What it was told is no reason to call there, nor to take them for dead when they come back.
  for (const name of ['n1', 'n2']) network.members.get(name)!.state = 'up'
  network.run(10_000)
  expect(network.agree(['n0', 'n1', 'n2', 'late'])).toBe(true)
})

test('from the join on, whoever answered it counts as one that may know of records', () => {
  const { network } = started(1)
  network.start('late', { peerUrls: ['n0'] })
  // Its announced URL cannot be reached: it answers joins, and no challenge.
  const somebodyElse = { instance: 'somebody-else', nodeId: 'n0', boot: 'x' }
  Object.assign(network.members.get('n0')!, { challenged: () => somebodyElse })
  const late = network.members.get('late')!
  network.run(2_000)
  for (let n = 0; n < 20; n += 1) {
    network.run(1_000)
    expect(late.membership.members()).toEqual([
      { instance: 'i-n0', alive: false, ready: false, since: Number.POSITIVE_INFINITY },
    ])
  }
  expect(network.members.get('n0')!.calls.filter((call) => call.startsWith('join')).length).toBeLessThan(8)
})

test('one that was replaced is gone everywhere in the end, and does not come back by what others say', () => {
  const { network, names } = started(4)
  network.start('n1', { instance: 'i-new', peerUrls: ['n0'] })
  network.run(200_000)
  for (const name of names) expect(network.members.get(name)!.membership.peer('i-n1')).toBeUndefined()
})

test('where a dead member was, nothing is called but a challenge', () => {
  const { network } = started(2)
  const gone = network.members.get('n1')!
  gone.state = 'down'
  network.run(15_000)
  expect(network.stateOf('n1', 'n0')).toBe('dead')
  const stranger = network.start('n1', { instance: 'i-stranger' })
  Object.assign(stranger, { challenged: () => new Error('what is a challenge?') })
  stranger.membership.tick = () => undefined
  network.run(20_000)
  expect(stranger.calls.length).toBeGreaterThan(5)
  expect(new Set(stranger.calls)).toEqual(new Set(['challenge from n0']))
})

test('in a network of two, one lost message is no reason to suspect anybody', () => {
  const { network, names } = started(2)
  let lost = 0
  network.reaches = (from) => from !== 'n0' || (lost += 1) > 1
  network.run(20_000)
  for (const name of names) {
    expect(network.members.get(name)!.events.filter(({ kind }) => kind === 'suspect')).toEqual([])
  }
  expect(lost).toBeGreaterThan(1)
})
