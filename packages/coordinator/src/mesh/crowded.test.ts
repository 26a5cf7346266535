import { ProblemError } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { MeshCores, taken } from '../../test/mesh-cores.ts'
import { shellJobRecord } from '../../test/records.ts'
import { keep, write } from '../core/decision.ts'
import { cancel } from '../core/lifecycle.ts'
import type { ChangeResult } from './mesh.ts'

const maxChanges = 3

/** Three coordinators, at one of which as many changes wait for answers as it takes. */
function crowded() {
  const cores = new MeshCores(['a', 'b', 'c'], 2, { maxChanges })
  const job = shellJobRecord({ id: 'j', now: cores.wall })
  taken(cores.change('b', { key: 'job:j', fresh: true, decide: (current) => write(current ?? job) }))
  cores.loses = ({ from, to }) => from === 'a' || to === 'a'
  const results: ChangeResult[] = []
  const change = () =>
    cores.input('a', (mesh, step) =>
      mesh.change(step, { key: 'job:j', decide: () => keep, done: (result) => void results.push(result) }),
    )
  for (let count = 0; count < maxChanges; count += 1) change()
  return { cores, results, change }
}

test('a change beyond what may be under way or wait is refused at once, with nothing written, and others go on', () => {
  const { cores, results, change } = crowded()
  expect(results).toEqual([])
  change()
  const [refused] = results.splice(0)
  expect(refused).toMatchObject({ ok: false, error: { code: 'too_busy', problem: { outcome: 'not_applied' } } })
  expect(!refused!.ok && refused!.error instanceof ProblemError).toBe(true)
  cores.loses = () => false
  cores.pass(2_000)
  expect(results.map(({ ok }) => ok)).toEqual([true, true, true])
  change()
  expect(results).toHaveLength(maxChanges + 1)
})

test('what nobody waits for finds room where callers find none', () => {
  const { cores, results } = crowded()
  const now = cores.wall
  cores.loses = ({ to, message }) => to === 'a' || message.type === 'learn'
  const other = shellJobRecord({ id: 'other', now })
  taken(cores.change('b', { key: 'job:other', fresh: true, decide: (current) => write(current ?? other) }))
  taken(cores.change('b', { key: 'job:other', decide: (current) => cancel(current as never, { now }) }))
  // Only the third coordinator can tell, and it has accepted what it has not learned.
  cores.loses = ({ from, to, message }) => [from, to].includes('b') || ('key' in message && message.key === 'job:j')
  const found: string[] = []
  cores.input('a', (mesh, step) =>
    mesh.find(step, {
      by: 'key',
      text: 'job:other',
      done: ({ records }) => void found.push(...records.map(({ value }) => (value as { status: string }).status)),
    }),
  )
  cores.pass(1_500)
  expect(results).toEqual([])
  expect(found).toEqual(['cancelled'])
})
