import type { LedgerRecord } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { retentionMs } from '../../test/mesh-cores.ts'
import { MeshStoreModel } from '../../test/mesh-store-model.ts'
import { shellJobRecord } from '../../test/records.ts'
import { recordRules } from '../ledger/record-rules.ts'
import { createMesh } from './create-mesh.ts'
import type { Mesh, PulledPage, PullRequest, Step } from './mesh.ts'

const wall = 8_640_000_000
const more = false

function record(id: string, n: number): LedgerRecord {
  const value = shellJobRecord({ id, now: wall })
  const set = { replicas: ['b', 'c'], m: 2 }
  return { key: `job:${id}`, version: { generation: 0, ballot: { n, node: 'b' } }, set, writtenAt: wall, value }
}

/** A coordinator that has read the feed of `b`, so far empty, to its end. */
function reader() {
  const store = new MeshStoreModel()
  store.saveCounter('bootstrapped', 1)
  const hooks = { learned: () => {}, warn: () => {}, count: () => {} }
  const options = { self: 'a', minReplications: () => 2, retentionMs }
  const mesh = createMesh({ store, rules: recordRules, hooks, options, random: () => 0.5 }, { now: 0 })
  const pulls: PullRequest[] = []
  let now = 0
  const input = (run: (mesh: Mesh, step: Step) => void) => {
    const pull = (_from: string, request: PullRequest) => void pulls.push(request)
    run(mesh, {
      ...{ now, wall, send: () => {}, pull, hold: () => {} },
      ...{ after: (effect: () => void) => effect(), beforeSync: (effect: () => void) => effect() },
    })
  }
  const take = (page: PulledPage) => input((core, step) => core.takePage(step, 'b', page))
  /** Lets time go by until it asks again. */
  const nextPull = (): PullRequest | undefined => {
    pulls.splice(0)
    for (const end = now + 5_000; pulls.length === 0 && now < end; now += 50) input((core, step) => core.tick(step))
    return pulls.at(-1)
  }
  input((core, step) => core.setMembers(step, [{ instance: 'b', alive: true, ready: true, since: 0 }]))
  take({ request: pulls.at(-1)!, records: [], next: 0, more })
  const learn = (records: LedgerRecord[]) => input((core, step) => void core.merge(step, records))
  return { store, pulls, take, nextPull, learn, now: () => now }
}

const brief = (request: PullRequest, records: LedgerRecord[]): PulledPage => ({
  ...{ request, next: request.since + records.length, more },
  records: records.map(({ key, version }, index) => ({ seq: request.since + index + 1, key, version })),
})

test('what is new in a feed and comes by itself a moment later is not read', () => {
  const { store, take, nextPull, learn } = reader()
  const news = [record('j1', 1), record('j2', 2)]
  take(brief(nextPull()!, news))
  learn(news)
  expect(nextPull()).toMatchObject({ since: 2, brief: true })
  expect(store.feedCursor('b')).toBe(2)
})

test('what is new in a feed and does not come by itself is read, and nothing before or behind it', () => {
  const { take, nextPull, learn, pulls, store } = reader()
  const news = [record('j1', 1), record('j2', 2), record('j3', 3), record('j4', 4)]
  const request = nextPull()!
  pulls.splice(0)
  take(brief(request, news))
  expect(pulls).toEqual([])
  learn([news[0]!, news[3]!])
  const read = nextPull()!
  expect(read).toEqual({ since: 1, limit: 2, brief: false })
  const missing = news.slice(1, 3).map((found, index) => ({ ...found, seq: index + 2, record: found }))
  take({ request: read, records: missing, next: 3, more: true })
  expect(store.known('job:j2')).toBeDefined()
  expect(pulls.at(-1)).toMatchObject({ since: 3, brief: true })
})
