import type { RecordValue } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { MeshCores, taken } from '../../test/mesh-cores.ts'
import { shellJobRecord } from '../../test/records.ts'
import { keep, write } from '../core/decision.ts'

const key = 'job:01234567-89ab-7def-89ab-0123456789ab'

/** Three coordinators; what the first proposes leaves the next round to the one that is named. */
function bench(heir: string | undefined) {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  const made = shellJobRecord({ id: key.slice('job:'.length), now: cores.wall })
  const job = (priority: number) => ({ ...made, priority })
  const done: unknown[] = []
  return {
    cores,
    done,
    /** Changes the record here; says what was sent for it. */
    change: (self: string, priority: number) => {
      cores.sent.length = 0
      const { value, changed } = taken(cores.change(self, { key, decide: () => write(job(priority)) }))
      expect([value, changed]).toEqual([job(priority), true])
      return cores.sent
    },
    /** Makes the record without waiting for the end of it. */
    create: () => {
      cores.heir = () => heir
      const request = { key, fresh: true, decide: (now: RecordValue | null) => (now ? keep : write(job(0))) }
      cores.input('a', (mesh, step) => mesh.change(step, { ...request, done: (result) => void done.push(result) }))
      cores.heir = () => undefined
    },
    priorityAt: (self: string) => cores.stores.get(self)!.known(key)?.value as { priority: number } | undefined,
  }
}

test('the heir goes on without asking, once; whoever left it that asks', () => {
  const { cores, create, change } = bench('b')
  create()
  expect(cores.inherited).toEqual([{ by: 'b', key }])
  expect(change('b', 1)).not.toContain('prepare')
  expect(cores.events).toContain('inheritance_used')
  expect(change('a', 2)).toContain('prepare')
  expect(change('b', 3)).toContain('prepare')
  expect(cores.events.filter((event) => event === 'inheritance_used')).toHaveLength(1)
})

test('the heir goes on before anybody knows that the value was chosen', () => {
  const { cores, done, create, change, priorityAt } = bench('b')
  cores.loses = ({ to, message }) => to === 'a' && message.type === 'accepted'
  create()
  cores.loses = () => false
  expect([priorityAt('a'), priorityAt('b'), done]).toEqual([undefined, undefined, []])
  expect(change('b', 1)).not.toContain('prepare')
  expect(priorityAt('c')?.priority).toBe(1)
  cores.pass(5_000)
  expect(done).toMatchObject([{ ok: true }])
  expect(priorityAt('a')?.priority).toBe(1)
})

test('the heir needs neither whoever left it the next round nor those who hold the value', () => {
  const { cores, create, change, priorityAt } = bench('b')
  cores.loses = ({ to }) => to !== 'b'
  create()
  cores.loses = () => false
  cores.live.delete('a')
  expect(change('b', 1)).not.toContain('prepare')
  expect(priorityAt('c')?.priority).toBe(1)
})

test('an heir that alone has gone on does not stand above what was chosen by the others meanwhile', () => {
  const { cores, create, change, priorityAt } = bench('b')
  cores.loses = ({ to }) => to !== 'b'
  create()
  cores.loses = ({ from }) => from === 'b'
  const late: unknown[] = []
  const request = { key, decide: () => keep, done: (result: unknown) => void late.push(result) }
  cores.input('b', (mesh, step) => mesh.change(step, request))
  cores.live.delete('b')
  cores.loses = () => false
  cores.meet()
  expect(change('c', 2)).toContain('prepare')
  cores.live.add('b')
  cores.meet()
  cores.pass(6_000)
  expect(late).toHaveLength(1)
  for (const name of ['a', 'b', 'c']) expect(priorityAt(name)?.priority).toBe(2)
})

test('nothing is left to one that is no live replica, or is the proposer itself', () => {
  for (const heir of ['stranger', 'a']) {
    const { cores, create, change } = bench(heir)
    create()
    expect(cores.inherited).toEqual([])
    expect(change('a', 1)).not.toContain('prepare')
  }
  const { cores, create, change } = bench('b')
  cores.live.delete('b')
  cores.meet()
  create()
  expect(change('a', 1)).not.toContain('prepare')
})

test('what the heir was left is of no use any more when the record has gone on without it', () => {
  const { cores, create, change } = bench('b')
  create()
  change('c', 1)
  expect(change('b', 2)).toContain('prepare')
  expect(cores.events).not.toContain('inheritance_used')
})
