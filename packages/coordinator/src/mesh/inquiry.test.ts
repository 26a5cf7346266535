import type { PeerMessage } from '@skyclaw/protocol'
import { limits } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { MeshCores, taken } from '../../test/mesh-cores.ts'
import { shellJobRecord } from '../../test/records.ts'
import { write } from '../core/decision.ts'
import { lease } from '../core/lifecycle.ts'
import { claimTag } from '../ledger/record-key.ts'

type Told = Extract<PeerMessage, { type: 'told' }>

/** Three coordinators that know some jobs, and what they tell. */
function knowing(count: number, command = 'true') {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  const claim = { key: 'a'.repeat(64), bodyHash: 'b'.repeat(64) }
  for (let index = 0; index < count; index += 1) {
    const job = shellJobRecord({ id: `job-${index}`, now: cores.wall }, { payload: { kind: 'shell', command } })
    const leased = lease(job, { hostId: 'host', now: cores.wall, claim })
    taken(cores.change('a', { key: `job:job-${index}`, fresh: true, decide: () => leased }))
  }
  cores.pass(1_000)
  const told: Told[] = []
  cores.loses = ({ message }) => {
    if (message.type === 'told') told.push(message)
    return false
  }
  return { cores, told, tag: claimTag(claim.key) }
}

test('a value that is known and accepted is told once', () => {
  const { cores, told } = knowing(1)
  cores.find('a', { by: 'key', text: 'job:job-0' })
  expect(told.map(({ holdings }) => holdings.map((holding) => Object.keys(holding)))).toEqual([
    [['key', 'known']],
    [['key', 'known']],
  ])
})

test('an answer to a question about many large records ends before it is too large', () => {
  const { cores, told, tag } = knowing(20, 'x'.repeat(limits.pageBytes / 10))
  const { records } = cores.find('b', { by: 'tag', text: tag })
  expect(records).toHaveLength(20)
  expect(told).toHaveLength(2)
  for (const answer of told) expect(JSON.stringify(answer).length).toBeLessThan(1.2 * limits.pageBytes)
})

test('what is told and was not asked for is not taken for an answer', () => {
  const { cores } = knowing(1)
  const stem = 'job:01234567-89ab-8def-89ab-0123'
  const other = shellJobRecord({ id: 'other', now: cores.wall })
  cores.loses = ({ from, message }) => {
    if (from === 'b' && message.type === 'told') {
      const version = { generation: 0, ballot: { n: 1, node: 'b' } }
      const accepted = {
        version,
        set: { replicas: ['a', 'b', 'c'], m: 2 },
        proposal: { value: other, writtenAt: cores.wall },
      }
      message.holdings.push({ key: 'job:other', accepted })
    }
    return false
  }
  const job = shellJobRecord({ now: cores.wall })
  const result = taken(
    cores.change('a', { key: stem, keyFor: (lineage) => stem + lineage, decide: (current) => write(current ?? job) }),
  )
  expect(result.key).toMatch(stem)
})

test('with one of three silent, all that has a key was found, and maybe not all that has a tag', () => {
  const { cores } = knowing(1)
  cores.live.delete('c')
  cores.meet()
  const ended: boolean[] = []
  const done = ({ complete }: { complete: boolean }) => void ended.push(complete)
  cores.input('a', (mesh, step) => mesh.find(step, { by: 'key', text: 'job:none', done }))
  cores.input('a', (mesh, step) => mesh.find(step, { by: 'tag', text: 'claim:none', done }))
  cores.pass(1_000)
  expect(ended).toEqual([true, false])
})

test('an answer is not waited for any more when its coordinator is dead', () => {
  const { cores } = knowing(1)
  cores.loses = ({ from, message }) => from === 'c' && message.type === 'told'
  const ended: boolean[] = []
  const done = ({ complete }: { complete: boolean }) => void ended.push(complete)
  cores.input('a', (mesh, step) => mesh.find(step, { by: 'key', text: 'job:none', done }))
  expect(ended).toEqual([])
  cores.live.delete('c')
  cores.meet()
  expect(ended).toEqual([true])
})
