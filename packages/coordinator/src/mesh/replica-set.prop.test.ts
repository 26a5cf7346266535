import fc from 'fast-check'
import { expect, test } from 'vitest'
import { acceptQuorum, lineageOf, newReplicaSet, prepareQuorum, rankByHash } from './replica-set.ts'

const instances = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 12 })
const m = fc.integer({ min: 1, max: 6 })

test('any two quorums of a replica set have a replica in common, and M have an accepted value', () => {
  fc.assert(
    fc.property(instances, m, (ids, minimum) => {
      const set = newReplicaSet('key', ids, minimum)
      if (!set) return ids.length < minimum
      const size = set.replicas.length
      const meet = prepareQuorum(set) + acceptQuorum(set) > size && 2 * acceptQuorum(set) > size
      return meet && acceptQuorum(set) >= minimum && acceptQuorum(set) <= size && size <= 2 * minimum - 1
    }),
  )
})

test('whoever sees the same instances names the same set, in whatever order they come', () => {
  fc.assert(
    fc.property(instances, fc.string(), m, (ids, key, minimum) => {
      expect(newReplicaSet(key, ids.toReversed(), minimum)).toEqual(newReplicaSet(key, ids, minimum))
    }),
  )
})

test('the creator stands first, and nobody stands twice', () => {
  fc.assert(
    fc.property(instances, fc.string(), m, (ids, key, minimum) => {
      const set = newReplicaSet(key, ids, minimum, ids[0])
      if (!set) return ids.length < minimum
      return set.replicas[0] === ids[0] && new Set(set.replicas).size === set.replicas.length
    }),
  )
})

test('an instance that leaves moves only the keys it was ranked for', () => {
  fc.assert(
    fc.property(instances, fc.string(), (ids, key) => {
      const [first, ...rest] = rankByHash(key, ids)
      expect(
        rankByHash(
          key,
          ids.filter((id) => id !== first),
        ),
      ).toEqual(rest)
    }),
  )
})

test('the lineage follows from who is in the set and from M, not from their order', () => {
  fc.assert(
    fc.property(instances, m, (replicas, minimum) => {
      const lineage = lineageOf({ replicas, m: minimum })
      expect(lineage).toMatch(/^[0-9a-f]{8}$/)
      expect(lineageOf({ replicas: replicas.toReversed(), m: minimum })).toBe(lineage)
      expect(lineageOf({ replicas, m: minimum + 1 })).not.toBe(lineage)
    }),
  )
})
