import { expect, test } from 'vitest'
import { shellJobRecord } from '../../test/records.ts'
import { Offers } from './offers.ts'
import { jobKey } from './record-key.ts'

function recordOf(id: string) {
  const version = { generation: 0, ballot: { n: 1, node: 'a' } }
  return {
    key: jobKey(id),
    version,
    set: { replicas: ['a'], m: 1 },
    writtenAt: 0,
    value: shellJobRecord({ id, now: 0 }),
  }
}

test('the latest offers are kept: those that nobody took or learned do not keep others out', () => {
  const offers = new Offers()
  for (let count = 0; count < 1_500; count += 1) offers.add(recordOf(`job-${count}`))
  const kept = [...offers.matching(() => true)].map(({ key }) => key)
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_000, 'job:job-500', 'job:job-1499'])
  offers.delete(jobKey('job-1499'))
  expect([...offers.matching(() => true)]).toHaveLength(999)
  expect([...offers.matching(() => false)]).toEqual([])
})
