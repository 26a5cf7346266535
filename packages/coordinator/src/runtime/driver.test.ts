import { limits, type PeerMessage, type RecordValue } from '@skyclaw/protocol'
import { createTurns, openStore, type Store } from '@skyclaw/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Mesh, Step } from '../mesh/mesh.ts'
import { createDriver } from './driver.ts'

const version = { generation: 0, ballot: { n: 1, node: 'b' } }
const learn = (key: string): PeerMessage => ({ type: 'learn', key, version })
const ask = (id: string): PeerMessage => ({ type: 'ask', id, by: 'key', text: 'job:x' })

let store: { -readonly [K in keyof Store]: Store[K] }
beforeEach(() => void (store = openStore({ path: ':memory:' })))
afterEach(() => store.close())

/** A driver whose turns run when the test says so, and what left it, in order. */
function bench(mesh: Partial<Mesh> = {}, maxWaiting = 100) {
  const left: string[] = []
  const scheduled: (() => void)[] = []
  const fatal: Error[] = []
  const turns = createTurns(store, {
    maxWaiting,
    schedule: (run) => void scheduled.push(run),
    scheduleSync: (run) => run(),
    onFatal: (error) => void fatal.push(error),
  })
  const outbox = {
    send: (to: string, messages: readonly PeerMessage[]) =>
      void left.push(
        `${to}: ${messages.map((message) => (message.type === 'ask' ? message.id : message.type)).join()}`,
      ),
    pull: (from: string, { since }: { since: number }) => void left.push(`pull ${from} ${since}`),
  }
  let monotonic = 50
  const clock = { now: () => 5_000, monotonic: () => monotonic }
  const passes = (ms: number) => void (monotonic += ms)
  const driver = createDriver({ turns, clock, outbox, mesh: mesh as Mesh })
  const takeTurns = () => {
    for (const run of scheduled.splice(0)) run()
  }
  return { driver, left, takeTurns, passes, fatal }
}

test('what inputs leave is released after the commit: a batch for each peer, then questions, then the rest', () => {
  const { driver, left, takeTurns } = bench()
  const input = (name: string) => (step: Step) => {
    step.after(() => void left.push(`after ${name}`))
    step.pull('b', { since: name.length, limit: 1, brief: false })
    step.send('b', ask(name))
    step.send('c', ask(name))
    store.sqlite.prepare('insert into meta values (?, 1)').run(name)
    expect(left).toEqual([])
  }
  void driver.run(input('x'))
  void driver.run(input('yy'))
  expect(driver.turn).toBe(0)
  takeTurns()
  expect(left).toEqual(['b: x,yy', 'c: x,yy', 'pull b 1', 'pull b 2', 'after x', 'after yy'])
  expect(driver.turn).toBe(1)
})

test('what asks of others leaves before the turn is durable, what tells of this one after it; all of it after it when it is held', () => {
  for (const held of [false, true]) {
    const { driver, left, takeTurns } = bench()
    store.sync = () => void left.push('synced')
    void driver.run((step) => {
      store.sqlite.prepare('insert into meta values (?, 1)').run(`x ${held}`)
      step.send('b', { type: 'accepted' } as PeerMessage)
      for (const type of ['prepare', 'accept'] as const) step.send('b', { type } as PeerMessage)
      step.send('c', learn('k'))
      step.send('c', ask('q'))
      step.after(() => void left.push('after'))
      if (held) step.hold()
    })
    takeTurns()
    const ahead = ['b: prepare,accept', 'c: q']
    const rest = ['b: accepted', 'c: learn', 'after']
    expect(left).toEqual(held ? ['synced', ...ahead, ...rest] : [...ahead, 'synced', ...rest])
  }
})

test('an input that fails leaves nothing, and the others of its turn are as if it had not been', async () => {
  const { driver, left, takeTurns } = bench()
  const failed = driver.run((step) => {
    step.send('b', ask('never'))
    step.after(() => void left.push('never'))
    throw new Error('no')
  })
  const done = driver.run((step) => {
    step.send('b', ask('sent'))
    return step.wall + step.now
  })
  takeTurns()
  await expect(failed).rejects.toThrow('no')
  expect(await done).toBe(5_050)
  expect(left).toEqual(['b: sent'])
})

test('messages to the sender of a batch are its answer, as far as one body holds them', () => {
  const received: string[] = []
  const mesh: Partial<Mesh> = {
    receive(step, from, message) {
      received.push(`${from} ${message.type}`)
      step.send(from, ask('back'))
      step.send('c', ask('on'))
    },
  }
  const { driver, left, takeTurns } = bench(mesh)
  void driver.receive('b', [ask('1'), ask('2')], (messages) => void left.push(`answer of ${messages.length}`))
  takeTurns()
  expect(left).toEqual(['c: on,on', 'answer of 2'])
  left.length = 0
  const many = Array.from({ length: limits.peerMessages + 3 }, () => ask('1'))
  void driver.receive('b', many, (messages) => void left.push(`answer of ${messages.length}`))
  takeTurns()
  expect(left).toEqual([`c: ${many.map(() => 'on').join()}`, 'b: back,back,back', `answer of ${limits.peerMessages}`])
})

test('an answer ends before its bytes are more than a body takes', () => {
  const value = { kind: 'host', name: 'x'.repeat(5 * 1_048_576) } as unknown as RecordValue
  const round = { key: 'k', generation: 0, ballot: { n: 1, node: 'b' } }
  const accepted = { ballot: round.ballot, proposal: { value, writtenAt: 0 } }
  const mesh: Partial<Mesh> = { receive: (step, from) => step.send(from, { type: 'promised', ...round, accepted }) }
  const { driver, left, takeTurns } = bench(mesh)
  void driver.receive(
    'b',
    [ask('1'), ask('2'), ask('3'), ask('4')],
    (sent) => void left.push(`answer of ${sent.length}`),
  )
  takeTurns()
  expect(left).toEqual(['b: promised', 'answer of 3'])
})

test('an answer that fits into no body is left out, and the others go', () => {
  const round = { key: 'k', generation: 0, ballot: { n: 1, node: 'b' } }
  const sized = (size: number): PeerMessage => {
    const value = { kind: 'host', name: 'x'.repeat(size) } as unknown as RecordValue
    return { type: 'promised', ...round, accepted: { ballot: round.ballot, proposal: { value, writtenAt: 0 } } }
  }
  const sizes = [limits.largeBodyBytes, 10]
  const { driver, left, takeTurns } = bench({ receive: (step, from) => step.send(from, sized(sizes.shift()!)) })
  void driver.receive('b', [ask('1'), ask('2')], (sent) => void left.push(`answer of ${sent.length}`))
  takeTurns()
  expect(left).toEqual(['answer of 1'])
})

test('answers to a batch of our own go on as messages', () => {
  const { driver, left, takeTurns } = bench({ receive: (step, from) => step.send(from, ask('more')) })
  void driver.receive('b', [ask('1')])
  takeTurns()
  expect(left).toEqual(['b: more'])
})

test('pages, missed pages and members that find the turns too busy come again with a tick', async () => {
  const seen: string[] = []
  const mesh: Partial<Mesh> = {
    missPage: (_, from) => void seen.push(`missed ${from}`),
    setMembers: (_, members) => void seen.push(`${members.length} members`),
    tick: () => void seen.push('tick'),
  }
  const { driver, takeTurns } = bench(mesh, 1)
  const taken = driver.run(() => seen.push('the only place'))
  driver.missPage('b')
  await Promise.resolve()
  await new Promise(setImmediate)
  takeTurns()
  await taken
  expect(seen).toEqual(['the only place'])
  driver.tick()
  takeTurns()
  expect(seen).toEqual(['the only place', 'missed b'])
  await new Promise(setImmediate)
  driver.tick()
  driver.tick()
  takeTurns()
  expect(seen).toEqual(['the only place', 'missed b', 'tick'])
})

test('members that found the turns too busy do not come back after newer ones', async () => {
  const seen: string[] = []
  const mesh: Partial<Mesh> = {
    setMembers: (_, members) => void seen.push(`${members.length} members`),
    tick: () => undefined,
  }
  const { driver, takeTurns } = bench(mesh, 1)
  const member = { instance: 'b', alive: true, ready: true, since: 0 }
  const taken = driver.run(() => undefined)
  driver.setMembers([])
  await new Promise(setImmediate)
  takeTurns()
  await taken
  driver.setMembers([member])
  takeTurns()
  driver.tick()
  takeTurns()
  expect(seen).toEqual(['1 members', '1 members'])
})

test.each(['receive', 'tick'] as const)('a core that fails by itself in %s ends the turns', async (method) => {
  const { driver, takeTurns, fatal, left } = bench({
    [method]: (step: Step) => {
      step.after(() => void left.push('never'))
      throw new Error('a broken core')
    },
  })
  const received = driver.receive('b', method === 'receive' ? [ask('1')] : [])
  driver.tick()
  takeTurns()
  await expect(received).rejects.toThrow('a broken core')
  expect(fatal.map(({ message }) => message)).toEqual([expect.stringContaining('a broken core')])
  expect(left).toEqual([])
})

test('what the turns refuse is a problem that says that nothing was done', async () => {
  const { driver, takeTurns } = bench({}, 1)
  const first = driver.run(() => 1)
  await expect(driver.run(() => 2)).rejects.toMatchObject({ code: 'too_busy', problem: { outcome: 'not_applied' } })
  takeTurns()
  expect(await first).toBe(1)
})

test('a step is of no use when its input is over', async () => {
  const { driver, takeTurns } = bench()
  const step = driver.run((open) => open)
  takeTurns()
  const over = await step
  expect(() => over.send('b', ask('late'))).toThrow('over')
  expect(() => over.after(() => undefined)).toThrow('over')
})

test('a batch that leads to nothing but news of what was chosen is not synced until something rests on it, or some time has passed', () => {
  const mesh: Partial<Mesh> = {
    isQuiet: true,
    receive: (step, from, { type }) => {
      store.sqlite.prepare('insert into meta values (?, 1)').run(type + from)
      if (type === 'learn') step.send('c', learn('job:x'))
      else step.send(from, ask('answer'))
    },
    tick: () => undefined,
  }
  const { driver, left, takeTurns, passes } = bench(mesh)
  let synced = 0
  store.sync = () => void (synced += 1)
  void driver.receive('b', [learn('job:a')])
  takeTurns()
  expect([synced, driver.turn, left]).toEqual([0, 0, ['c: learn']])
  void driver.receive('d', [ask('question')])
  takeTurns()
  expect([synced, driver.turn]).toEqual([1, 2])
  void driver.receive('e', [learn('job:b')])
  takeTurns()
  driver.settle()
  expect([synced, driver.turn]).toEqual([2, 3])
  void driver.receive('f', [learn('job:c')])
  takeTurns()
  passes(10_000)
  driver.tick()
  expect([synced, driver.turn]).toEqual([3, 4])
})
