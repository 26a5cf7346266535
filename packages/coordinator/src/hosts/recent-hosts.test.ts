import type { HostRecord } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { hostKey } from '../ledger/record-key.ts'
import { RecentHosts } from './recent-hosts.ts'

const host = (name: string, registeredAt: number): HostRecord => ({
  ...{ kind: 'host', id: 'a', name, capabilities: [], maxParallel: 1, labels: {} },
  ...{ registeredAt, updatedAt: registeredAt },
})
const key = (lineage: string) => hostKey('a').keyFor(lineage)

test('what is learned of a host replaces what was learned or read before, and what is read replaces nothing', () => {
  const recent = new RecentHosts()
  recent.add(host('read', 1))
  recent.learn(host('learned', 1), key('00000001'))
  expect(recent.get('a')?.name).toBe('learned')
  recent.learn(host('changed', 1), key('00000001'))
  recent.add(host('read late', 1))
  expect(recent.get('a')?.name).toBe('changed')
  expect([...recent.all()]).toHaveLength(1)
  recent.drop((id) => id === 'a')
  expect(recent.get('a')).toBeUndefined()
})

test('of two records of one host the older counts, and of two of one age that of the smaller key, in whatever order', () => {
  const records = [
    { record: host('younger', 2), key: key('00000001') },
    { record: host('larger', 1), key: key('00000003') },
    { record: host('counts', 1), key: key('00000002') },
  ]
  for (const order of [records, records.toReversed(), [records[1]!, records[0]!, records[2]!]]) {
    const recent = new RecentHosts()
    for (const each of order) recent.learn(each.record, each.key)
    expect(recent.get('a')?.name).toBe('counts')
  }
})
