import { expect, test } from 'vitest'
import { MeshCores, retentionMs, taken } from '../../test/mesh-cores.ts'
import { shellJobRecord } from '../../test/records.ts'
import { write } from '../core/decision.ts'
import * as lifecycle from '../core/lifecycle.ts'

const key = 'job:job'

test('a job made by a clock that is far ahead goes on and ends like any other', () => {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  const job = shellJobRecord({ now: cores.wall })
  taken(cores.change('a', { key, fresh: true, decide: () => write(job) }))
  cores.wall -= retentionMs
  const now = cores.wall
  taken(cores.change('b', { key, decide: (current) => lifecycle.cancel(current as typeof job, { now }) }))
  cores.pass(1_000)
  for (const store of cores.stores.values()) expect(store.known(key)?.value).toMatchObject({ status: 'cancelled' })
})

test('a creation whose replicas take it for old is not proposed again under the ballot it had', () => {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  const job = shellJobRecord({ now: 1 })
  const ballots: string[] = []
  cores.wallOf = (name) => (name === 'a' ? 1 : cores.wall)
  cores.loses = ({ from, message }) => {
    if (from === 'a' && message.type === 'accept') ballots.push(`${message.ballot.n}`)
    return false
  }
  const result = cores.change('a', { key, fresh: true, decide: () => write(job) })
  expect(result).toMatchObject({ ok: false, error: { problem: { outcome: 'unknown' } } })
  // Two replicas are told each.
  for (const ballot of new Set(ballots)) expect(ballots.filter((other) => other === ballot)).toHaveLength(2)
})
