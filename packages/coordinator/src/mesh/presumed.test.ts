import { expect, test } from 'vitest'
import { MeshCores, retentionMs, taken } from '../../test/mesh-cores.ts'
import { hostRecord, shellJobRecord } from '../../test/records.ts'
import { keep, write } from '../core/decision.ts'
import { hostKey } from '../ledger/record-key.ts'
import { lineageOf, newReplicaSet } from './replica-set.ts'

const stem = 'job:01234567-89ab-8def-89ab-0123'
const derived = { key: stem, keyFor: (lineage: string) => stem + lineage }

/** Makes a job under a derived key, or keeps the one that there is; says which job it was. */
function enqueue(cores: MeshCores, self: string, id: string) {
  const made = shellJobRecord({ id, now: cores.wall })
  const result = taken(cores.change(self, { ...derived, decide: (current) => (current ? keep : write(made)) }))
  return { key: result.key, id: result.value?.kind === 'job' ? result.value.id : undefined }
}

test('a record of a derived key is prepared while the others say whether they hold it', () => {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  expect(enqueue(cores, 'a', 'first').id).toBe('first')
  const atFirst = cores.sent.slice(0, cores.sent.indexOf('told'))
  expect(atFirst.filter((type) => type === 'ask')).toHaveLength(2)
  expect(atFirst.filter((type) => type === 'prepare')).toHaveLength(2)
  expect(cores.sent.filter((type) => type === 'prepare')).toHaveLength(2)
})

test('nothing is proposed before all have said that they hold nothing, or their time is up', () => {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  let silent = true
  cores.loses = ({ from, message }) => silent && from === 'c' && message.type === 'told'
  const results: unknown[] = []
  const made = shellJobRecord({ id: 'first', now: cores.wall })
  cores.input('a', (mesh, step) =>
    mesh.change(step, { ...derived, decide: () => write(made), done: (result) => void results.push(result) }),
  )
  expect(cores.sent.filter((type) => type === 'promised')).toHaveLength(2)
  expect(cores.sent).not.toContain('accept')
  silent = false
  for (let passed = 0; results.length === 0 && passed < 10_000; passed += 50) cores.pass(50)
  expect(results).toMatchObject([{ ok: true, changed: true }])
})

test('a record that somebody holds under another lineage is gone on with, and none is made in the presumed register', () => {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  cores.live.delete('c')
  cores.meet()
  // What was chosen is told to nobody: only its replicas hold it, accepted.
  cores.loses = ({ message }) => message.type === 'learn'
  const first = enqueue(cores, 'a', 'first')
  cores.live.add('c')
  cores.meet()
  const second = enqueue(cores, 'c', 'second')
  expect(second).toEqual(first)
  for (const store of cores.stores.values()) {
    const keys = store.keysWithBase(stem, 10)
    expect(keys.filter((key) => key !== first.key)).toEqual([])
  }
})

const { base, keyFor } = hostKey('h')
const host = (registeredAt: number) => ({ ...hostRecord('h'), registeredAt, updatedAt: registeredAt })

test('a change goes to the twin that stands, though the presumed register is that of another one, which has moved', () => {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  const set = newReplicaSet(base, ['a', 'b', 'c'], 2)!
  const elsewhere = { replicas: ['b', 'c', 'x'], m: 2 }
  const [presumed, standing] = [keyFor(lineageOf(set)), keyFor('00000000')]
  const writtenAt = cores.wall
  for (const name of ['b', 'c']) {
    const ballot = { n: 5, node: name }
    const store = cores.stores.get(name)!
    store.putKnown({
      ...{ key: presumed, version: { generation: 1, ballot }, set, writtenAt },
      value: host(writtenAt - 1_000),
    })
    store.putKnown({
      ...{ key: standing, version: { generation: 0, ballot }, set: elsewhere, writtenAt },
      value: host(writtenAt - 9_000),
    })
  }
  cores.loses = ({ from, message }) => from === 'c' && message.type === 'told'
  const decide = (current: unknown) => (current ? write({ ...host(writtenAt), name: 'renamed' }) : keep)
  expect(taken(cores.change('a', { key: base, keyFor, decide })).key).toBe(standing)
})

test('one whose record turns out to be gone asks for others of its base before it makes a new one', () => {
  for (const lostMs of [0, 2_000]) {
    const cores = new MeshCores(['a', 'b', 'c'], 2)
    const old = cores.wall - 2 * retentionMs
    const [gone, living] = [keyFor('11111111'), keyFor('00000000')]
    const ballot = { n: 1, node: 'b' }
    const proposal = { value: host(old), writtenAt: old }
    const set = { replicas: ['a', 'b', 'c'], m: 2 }
    cores.stores
      .get('a')!
      .putRegister(
        { key: gone, generation: 0, set, promised: ballot, accepted: ballot, proposal, touchedAt: old },
        true,
      )
    for (const name of ['b', 'c']) {
      cores.stores.get(name)!.putKnown({
        ...{ key: living, version: { generation: 0, ballot }, set: { replicas: ['b', 'c', 'x'], m: 2 } },
        ...{ writtenAt: cores.wall, value: host(cores.wall - 9_000) },
      })
    }
    const until = cores.wall + lostMs
    cores.loses = ({ message }) => message.type === 'prepare' && cores.wall < until
    const decide = (current: unknown) => (current ? keep : write(host(cores.wall)))
    expect(taken(cores.change('a', { key: base, keyFor, decide })).key, `${lostMs} ms`).toBe(living)
  }
})
