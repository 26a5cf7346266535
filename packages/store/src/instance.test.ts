import { join } from 'node:path'
import { expect, it } from 'vitest'
import { scratchFolder } from '../test/scratch-folder.ts'
import { renewInstance } from './instance.ts'
import { openStore, type Store } from './open.ts'
import { prepareCounters } from './queries/counters.ts'
import { prepareGetRecord } from './queries/get-record.ts'
import { dropReplacedMembers, listMembers, prepareMembers } from './queries/members.ts'
import { preparePutRecord } from './queries/put-record.ts'
import { preparePutRegister } from './queries/put-register.ts'

const agreed = { key: 'job:a', epochN: 0, epochNode: '', generation: 0, replicas: '["x"]', m: 1, tag: null }
const unindexed = { status: null, hostId: null, requirementKey: null, priority: null, runAt: null, due: null }
const record = {
  ...agreed,
  ...unindexed,
  kind: 'host',
  ballotN: 1,
  ballotNode: 'x',
  writtenAt: 1,
  feedSeq: 7,
  moved: null,
  value: '{}',
  sequence: 1,
  finishedAt: null,
  promisedN: 1,
  promisedNode: 'x',
}
const register = {
  ...agreed,
  promisedN: 1,
  promisedNode: 'x',
  acceptedN: null,
  acceptedNode: null,
  unlearned: 0,
  touchedAt: 1,
  proposal: null,
}

const count = (store: Store, table: string) => store.sqlite.prepare(`select count(*) from ${table}`).pluck().get()

it('a renewed instance forgets what it promised and that it had caught up, and keeps what it knows, after a restart too', () => {
  const file = join(scratchFolder(), 'store.db')
  const first = openStore({ path: file })
  preparePutRecord(first.db)(record)
  preparePutRegister(first.db)(register)
  prepareCounters(first.db).save('bootstrapped', 1)
  prepareCounters(first.db).save('forgotten', 1)
  prepareCounters(first.db).save('ballot', 5)
  const renewed = renewInstance(first)
  expect(renewed.instanceId).not.toBe(first.instanceId)
  renewed.close()
  const again = openStore({ path: file })
  expect(again.instanceId).toBe(renewed.instanceId)
  expect([count(again, 'records'), count(again, 'registers')]).toEqual([1, 0])
  expect(prepareGetRecord(again.db)('job:a')).toMatchObject({ feedSeq: 7, promisedN: null, promisedNode: null })
  expect(prepareCounters(again.db).read('bootstrapped')).toBe(0)
  expect(prepareCounters(again.db).read('forgotten')).toBe(0)
  expect(prepareCounters(again.db).read('ballot')).toBe(5)
  again.close()
})

it('a database that lost its instance id keeps no register under the next one', () => {
  const file = join(scratchFolder(), 'store.db')
  const first = openStore({ path: file })
  preparePutRegister(first.db)(register)
  first.sqlite.exec("delete from meta where key = 'instance'")
  first.close()
  const again = openStore({ path: file })
  expect(count(again, 'registers')).toBe(0)
  again.close()
})

it('the turn seen of a member never goes back, and a forgotten member stays forgotten', () => {
  const store = openStore({ path: ':memory:' })
  const members = prepareMembers(store.db)
  const seen = {
    instance: 'x',
    nodeId: 'node-x',
    url: 'http://127.0.0.1:1',
    version: '1.0.0',
    incarnation: 2,
    verified: 1,
  }
  members.saveFeedCursor({ instance: 'x', feedCursor: 40, now: 1 })
  members.see({ ...seen, turn: 9, now: 2 })
  members.forget({ instance: 'x', now: 3 })
  members.see({ ...seen, url: 'http://127.0.0.1:2', version: '1.1.0', incarnation: 1, turn: 8, now: 4 })
  const row = { firstSeenAt: 1, lastSeenAt: 4, turnSeen: 9, feedCursor: 40, forgotten: 1, url: 'http://127.0.0.1:2' }
  expect(members.get('x')).toMatchObject({ nodeId: 'node-x', version: '1.1.0', incarnation: 2, goneAt: 3, ...row })
  expect(members.feedCursor('y')).toBe(0)
  store.close()
})

it('a replaced member is dropped some time after, unless it came back, and a forgotten one never', () => {
  const store = openStore({ path: ':memory:' })
  const members = prepareMembers(store.db)
  for (const instance of ['replaced', 'back', 'forgotten', 'there']) {
    members.see({
      instance,
      nodeId: instance,
      url: 'http://127.0.0.1:1',
      version: '1',
      incarnation: 0,
      verified: 1,
      turn: 1,
      now: 1,
    })
  }
  members.forget({ instance: 'forgotten', now: 10 })
  for (const instance of ['replaced', 'back', 'forgotten']) members.replace({ instance, now: 20 })
  members.replace({ instance: 'replaced', now: 30 })
  members.comeBack('back')
  members.comeBack('forgotten')
  expect(dropReplacedMembers(store.db, 20)).toBe(0)
  expect(dropReplacedMembers(store.db, 21)).toBe(1)
  expect(listMembers(store.db).map(({ instance, goneAt }) => [instance, goneAt])).toEqual([
    ['back', null],
    ['forgotten', 10],
    ['there', null],
  ])
  store.close()
})
