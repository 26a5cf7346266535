import { expect, test } from 'vitest'
import { MeshCores, taken } from '../../test/mesh-cores.ts'
import { shellJobRecord } from '../../test/records.ts'
import { write } from '../core/decision.ts'

const jobs = 250
const maxUnderway = 100
/** Less than a round waits for its quorum. */
const whileMs = 3_000

/** Three coordinators with jobs that only the one that made them knows to be chosen, and that hear nothing from each other any more. */
function silenced() {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  cores.loses = ({ message }) => message.type === 'learn'
  for (let index = 0; index < jobs; index += 1) {
    const job = shellJobRecord({ id: `j${index}`, now: cores.wall })
    taken(cores.change('a', { key: `job:j${index}`, fresh: true, decide: (current) => write(current ?? job) }))
  }
  const asked = new Map<string, Set<string>>()
  cores.loses = ({ from, message }) => {
    const key = message.type === 'ask' ? message.text : message.type === 'prepare' ? message.key : undefined
    if (key !== undefined) asked.set(from, (asked.get(from) ?? new Set()).add(key))
    return true
  }
  return { cores, most: () => Math.max(0, ...[...asked.values()].map(({ size }) => size)) }
}

test('while nobody answers, so many orphans and no more are looked after at once; later all are', () => {
  const { cores, most } = silenced()
  for (let passed = 0; most() === 0 && passed < 60_000; passed += 50) cores.pass(50)
  cores.pass(whileMs)
  expect(most()).toBe(maxUnderway)
  cores.loses = () => false
  cores.pass(240_000)
  for (const [name, store] of cores.stores) {
    expect(store.unlearned('', 1), name).toEqual([])
    expect(store.changeable('', jobs + 1), name).toHaveLength(jobs)
  }
})

/** For how long an orphan is one after its replicas have come back, which were away for so long. */
function helpedAfter(awayMs: number): number {
  const cores = new MeshCores(['a', 'b', 'c'], 2)
  const job = shellJobRecord({ id: 'left', now: cores.wall })
  cores.loses = ({ message }) => message.type === 'accept'
  cores.input('a', (mesh, step) =>
    mesh.change(step, { key: 'job:left', fresh: true, decide: () => write(job), done: () => {} }),
  )
  for (const name of ['b', 'c']) cores.live.delete(name)
  cores.meet()
  cores.pass(awayMs)
  cores.loses = () => false
  cores.live.add('b')
  cores.meet()
  const store = cores.stores.get('a')!
  expect(store.unlearned('', 1)).toEqual(['job:left'])
  let passed = 0
  for (; store.unlearned('', 1).length > 0 && passed < 120_000; passed += 50) cores.pass(50)
  return passed
}

test('an orphan that could not be helped for long is looked after soon when the members change', () => {
  const times = [300_000, 320_000, 340_000, 360_000].map(helpedAfter)
  expect(Math.max(...times)).toBeLessThan(10_000)
})

test('members who are named again as they were are no reason to ask sooner', () => {
  const { cores } = silenced()
  cores.pass(400_000)
  const askedWithin = (ms: number, meets: boolean) => {
    cores.sent.length = 0
    for (let passed = 0; passed < ms; passed += 1_000) {
      if (meets) cores.meet()
      cores.pass(1_000)
    }
    return cores.sent.filter((type) => type === 'ask').length
  }
  const before = askedWithin(240_000, false)
  expect(askedWithin(240_000, true)).toBeLessThan(1.5 * before + 1)
})
