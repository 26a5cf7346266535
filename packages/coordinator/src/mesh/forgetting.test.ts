import { expect, test } from 'vitest'
import { MeshCores, retentionMs, taken } from '../../test/mesh-cores.ts'
import { MeshStoreModel } from '../../test/mesh-store-model.ts'
import { shellJobRecord } from '../../test/records.ts'
import { keep, write } from '../core/decision.ts'
import * as lifecycle from '../core/lifecycle.ts'
import { recordRules } from '../ledger/record-rules.ts'
import { ForgettingStore } from './forgetting-store.ts'

const key = 'job:job'

/** A job of which one of three coordinators missed the end, and then was away for longer than anybody remembers. */
function returned(): MeshCores {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  const job = shellJobRecord({ now: cores.wall })
  taken(cores.change('a', { key, fresh: true, decide: () => write(job) }))
  cores.pass(1_000)
  expect(cores.stores.get('c')!.known(key)?.value).toEqual(job)
  cores.live.delete('c')
  cores.meet()
  const now = cores.wall
  taken(cores.change('a', { key, decide: (current) => lifecycle.cancel(current as typeof job, { now }) }))
  cores.pass(1_000)
  cores.wall += retentionMs + 10_000
  for (const name of ['a', 'b']) cores.stores.get(name)!.pruneFinished(cores.wall - retentionMs)
  cores.live.add('c')
  cores.meet()
  return cores
}

test.each([
  ['a question for it', (cores: MeshCores) => void cores.find('b', { by: 'key', text: key })],
  ['a change', (cores: MeshCores) => void cores.change('b', { key, decide: () => keep })],
  [
    'a change that would write',
    (cores: MeshCores) =>
      void cores.change('b', {
        key,
        decide: (job) => (job?.kind === 'job' ? lifecycle.lease(job, { hostId: 'host', now: cores.wall }) : keep),
      }),
  ],
  [
    'promises asked for by the one that returned, after others were asked for it',
    (cores: MeshCores) => {
      cores.find('b', { by: 'key', text: key })
      cores.change('c', { key, decide: () => keep })
    },
  ],
])('what all others have finished and forgotten is not brought back by %s', (_, disturb) => {
  for (const slow of ['none', 'a', 'b']) {
    const cores = returned()
    cores.loses = ({ from, to, message }) => message.type === 'promised' && from === slow && to === 'b'
    disturb(cores)
    cores.loses = () => false
    cores.pass(20_000)
    for (const name of ['a', 'b']) {
      const store = cores.stores.get(name)!
      expect([store.known(key)?.value, store.register(key)?.proposal ?? undefined], `${name}, ${slow} is slow`).toEqual(
        [undefined, undefined],
      )
    }
  }
})

test('an end that too few accepted, and of which nothing else is known, is kept for the one that holds what was before', () => {
  const cores = new MeshCores(['a', 'b', 'c'], 3)
  const job = shellJobRecord({ now: cores.wall })
  cores.loses = ({ message }) => message.type === 'learn'
  taken(cores.change('a', { key, fresh: true, decide: () => write(job) }))
  cores.loses = ({ from, to }) => from === 'a' || to === 'a'
  const now = cores.wall
  const ended = cores.change('b', { key, decide: (current) => lifecycle.cancel(current as typeof job, { now }) })
  expect(ended.ok).toBe(false)
  cores.live.delete('a')
  cores.meet()
  cores.wall += retentionMs + 10_000
  cores.pass(120_000)
  cores.loses = () => false
  cores.live.add('a')
  cores.meet()
  const { value } = taken(cores.change('a', { key, decide: () => keep }))
  expect(value).toMatchObject({ status: 'cancelled' })
  expect(cores.events).not.toContain('gone_dropped')
  cores.pass(20_000)
  for (const [name, store] of cores.stores) expect(store.unlearned('', 1), name).toEqual([])
})

test.each(['standing', 'known'] as const)(
  'what ended long ago is forgotten when its %s is asked for, and nothing else is',
  (asked) => {
    const model = new MeshStoreModel()
    const store = new ForgettingStore(model, recordRules, retentionMs)
    store.wall = 10 * retentionMs
    const [old, late] = [store.wall - retentionMs - 1, store.wall - retentionMs]
    const ended = { ...shellJobRecord(), status: 'cancelled' as const }
    const put = (name: string, value: typeof ended | ReturnType<typeof shellJobRecord>, writtenAt: number) => {
      const version = { generation: 1, ballot: { n: 1, node: 'a' } }
      store.putKnown({ key: name, version, set: { replicas: ['a'], m: 1 }, writtenAt, value })
    }
    put('job:ended-long-ago', ended, old)
    put('job:ended', ended, late)
    put('job:open', shellJobRecord(), old)
    const found = [...model.records.keys()].filter((name) => store[asked](name))
    expect(found).toEqual(['job:ended', 'job:open'])
    expect([...model.records.keys()]).toEqual(found)
  },
)
