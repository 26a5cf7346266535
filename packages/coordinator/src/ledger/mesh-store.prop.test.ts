import type { Ballot, LedgerRecord, RecordValue, ReplicaSet } from '@skyclaw/protocol'
import { countStatuses, openStore, prepareReadFeed, type RecordHead } from '@skyclaw/store'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { prepareReset } from '../../test/reset-store.ts'
import { MeshStoreModel } from '../../test/mesh-store-model.ts'
import { hostRecord, shellJobRecord, supersededRecord } from '../../test/records.ts'
import * as lifecycle from '../core/lifecycle.ts'
import type { Register } from '../mesh/store.ts'
import { SqliteMeshStore } from './mesh-store.ts'
import { toFeedRecord } from './record-index.ts'
import { baseOf, hostKey, jobKey, keyOf } from './record-key.ts'

const store = openStore({ path: ':memory:' })
const reset = prepareReset(store)
afterAll(() => store.close())

const claims = ['c'.repeat(64), 'd'.repeat(64)]
const everything = 1_000

function jobs(id: string): RecordValue[] {
  const queued = shellJobRecord({ id })
  const leases = claims.map((key) =>
    lifecycle.lease(queued, { hostId: 'a', now: 2_000, claim: { key, bodyHash: key } }),
  )
  const steps = [...leases, lifecycle.cancel(queued, { now: 3_000 })]
  return [queued, ...steps.flatMap((step) => (step.kind === 'write' ? [step.value] : []))]
}

const values: [string, RecordValue[]][] = [
  [jobKey('a'), jobs('a')],
  [jobKey('b'), jobs('b')],
  [hostKey('h').keyFor('00000001'), [hostRecord('h')]],
  [hostKey('h').keyFor('0000000a'), [hostRecord('h')]],
  [hostKey('hh').keyFor('00000001'), [hostRecord('hh')]],
  // Of now, by the store's clock, and of another time.
  ...[
    '00000003-5a1c-82ae-8cb1-fbf400000001',
    '00000003-5a1c-82ae-8cb1-fbf40000000a',
    '5234a385-1a8c-82ae-9cb1-fbf400000001',
  ].map((id): [string, RecordValue[]] => [jobKey(id), jobs(id)]),
  [keyOf(supersededRecord('a', 1)), [supersededRecord('a', 1)]],
]
const keys = values.map(([key]) => key)
const bases = [...new Set(keys.map((key) => baseOf(key) ?? key))]

const node = fc.constantFrom('0a', '0b', '0c')
const n = fc.nat({ max: 9 })
const time = fc.constantFrom(500, 2_500, 3_500, 5_000)
const ballot: fc.Arbitrary<Ballot> = fc.record({ n, node })
const epoch = fc.option(fc.record({ n: fc.integer({ min: 1, max: 3 }), node }), { nil: undefined })
const set: fc.Arbitrary<ReplicaSet> = fc.record({ replicas: fc.uniqueArray(node, { minLength: 1 }), m: n })
const keyed = fc
  .constantFrom(...values)
  .chain(([key, choice]) => fc.record({ key: fc.constant(key), value: fc.constantFrom(...choice) }))

const version = fc
  .record({ epoch, generation: n, ballot })
  .map(({ epoch: begun, ...rest }) => ({ ...rest, ...(begun && { epoch: begun }) }))
const record: fc.Arbitrary<LedgerRecord> = fc
  .record({ keyed, version, set, moved: fc.option(set, { nil: undefined }), writtenAt: time })
  .map(({ keyed: { key, value }, moved, ...rest }) => ({ key, ...rest, value, ...(moved && { moved }) }))

const register: fc.Arbitrary<{ row: Register; unlearned: boolean }> = fc
  .record({ from: record, promised: fc.option(ballot), accepted: fc.option(ballot), unlearned: fc.boolean() })
  .map(({ from: { key, version: of, set: agreed, moved, writtenAt, value }, promised, accepted, unlearned }) => ({
    row: {
      key,
      ...(of.epoch && { epoch: of.epoch }),
      generation: of.generation,
      set: agreed,
      promised,
      accepted,
      proposal: accepted && { value, writtenAt, ...(moved && { moved }) },
      touchedAt: writtenAt,
    },
    unlearned: unlearned && accepted !== null,
  }))

type Target = SqliteMeshStore | MeshStoreModel
type Step = { readonly name: string; readonly run: (target: Target) => unknown }

/** A value that is accepted and known to be chosen, as the mesh leaves it: the register holds the same object. */
function settle(on: Target, from: LedgerRecord, promised: Ballot): void {
  const { key, version: of, set: agreed, writtenAt, value, moved } = from
  const term = { ...(of.epoch && { epoch: of.epoch }), generation: of.generation }
  const proposal = { value, writtenAt, ...(moved && { moved }) }
  on.putRegister({ key, ...term, set: agreed, promised, accepted: of.ballot, proposal, touchedAt: writtenAt }, false)
  on.putKnown(from)
}

/** The register promises another ballot, and holds what it held. */
function promiseMore(on: Target, of: string, promised: Ballot): void {
  const row = on.register(of)
  if (row) on.putRegister({ ...row, promised }, false)
}

const key = fc.constantFrom(...keys)
const write: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: record.map((r): Step => ({ name: 'putKnown', run: (on) => on.putKnown(r) })) },
  {
    weight: 4,
    arbitrary: register.map((r): Step => ({ name: 'putRegister', run: (on) => on.putRegister(r.row, r.unlearned) })),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(record, ballot).map(([r, p]): Step => ({ name: 'settle', run: (on) => settle(on, r, p) })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(key, ballot)
      .map(([k, promised]): Step => ({ name: 'promise', run: (on) => promiseMore(on, k, promised) })),
  },
  key.map((k): Step => ({ name: 'dropKnown', run: (on) => on.dropKnown(k) })),
  key.map((k): Step => ({ name: 'dropRegister', run: (on) => on.dropRegister(k) })),
  time.map((t): Step => ({ name: 'pruneFinished', run: (on) => on.pruneFinished(t, everything) })),
  time.map((t): Step => ({ name: 'pruneRegisters', run: (on) => on.pruneRegisters(t, everything) })),
  n.map((value): Step => ({ name: 'saveCounter', run: (on) => on.saveCounter('ballot', value) })),
  fc.tuple(node, n).map(([i, seq]): Step => ({ name: 'saveFeedCursor', run: (on) => on.saveFeedCursor(i, seq) })),
)
const turn = fc.record({
  steps: fc.array(write, { minLength: 1, maxLength: 6 }),
  ends: fc.constantFrom('commit', 'restart', 'crash'),
})

/** When a register was written counts only while it has accepted nothing. */
const timeless = (row: Register | undefined) => (row?.accepted ? { ...row, touchedAt: 0 } : row)

const reads = (on: Target, limit: number) => ({
  // Before the values are read, which are held from then on.
  standings: keys.map((k) => on.standing(k)),
  known: keys.map((k) => on.known(k)),
  registers: keys.map((k) => timeless(on.register(k))),
  withBase: [...bases, 'host:h', 'none'].map((base) => on.keysWithBase(base, limit)),
  withTag: claims.map((claim) => on.keysWithTag(`claim:${claim}`, limit)),
  unlearned: ['', ...keys].map((after) => on.unlearned(after, limit)),
  changeable: ['', ...keys].map((after) => on.changeable(after, limit)),
  counters: [on.counter('ballot'), on.counter('bootstrapped')],
  cursors: ['0a', '0b', '0c'].map((instance) => on.feedCursor(instance)),
})

test('the store holds what was written and committed, whatever the order, and a crash takes the open turn back', () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 12, size: 'max' }), fc.integer({ min: 1, max: 8 }), (turns, limit) => {
      // Where the run before ended by a failure.
      if (store.sqlite.inTransaction) store.sqlite.exec('rollback')
      reset('self')
      const sqlite = new SqliteMeshStore({ store, now: () => 1_000 })
      let model = new MeshStoreModel()
      for (const { steps, ends } of turns) {
        const after = model.copy()
        store.sqlite.exec('begin')
        for (const { run } of steps) expect(run(sqlite)).toEqual(run(after))
        expect(reads(sqlite, limit)).toEqual(reads(after, limit))
        sqlite.flush()
        store.sqlite.exec(ends === 'crash' ? 'rollback' : 'commit')
        if (ends !== 'commit') sqlite.reload()
        if (ends !== 'crash') model = after
      }
      expect(reads(sqlite, limit)).toEqual(reads(model, limit))
      const fed = [...prepareReadFeed(store.db)(0, everything)].map(toFeedRecord)
      expect(fed.map((entry) => entry.key)).toEqual(model.feed)
    }),
    { numRuns: 100 },
  )
})

test('no number of the feed is given twice, though the records that bear the last ones go and the process starts again', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(write, fc.constant('restart' as const)), { maxLength: 40, size: 'max' }), (steps) => {
      reset('self')
      const bearers = new Map<number, LedgerRecord | undefined>()
      const onKnown = (_before: unknown, now: RecordHead | undefined, known: LedgerRecord | undefined) => {
        if (!now) return
        expect(bearers.has(now.feedSeq)).toBe(false)
        expect(now.feedSeq).toBeGreaterThan(Math.max(0, ...bearers.keys()))
        bearers.set(now.feedSeq, known)
      }
      let sqlite = new SqliteMeshStore({ store, now: () => 1_000, onKnown })
      for (const step of steps) {
        if (step !== 'restart') step.run(sqlite)
        sqlite.flush()
        if (step === 'restart') sqlite = new SqliteMeshStore({ store, now: () => 1_000, onKnown })
      }
      expect(sqlite.feedSeq).toBe(Math.max(0, ...bearers.keys()))
      for (const entry of [...prepareReadFeed(store.db)(0, everything)].map(toFeedRecord)) {
        const { seq, ...rest } = entry
        expect(rest).toEqual(bearers.get(seq))
      }
    }),
    { numRuns: 100 },
  )
})

test('who is told of each change of known records can count them along', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 40, size: 'max' }), (steps) => {
      reset('self')
      const counts = new Map<string, number>()
      const count = (row: RecordHead | undefined, by: number) => {
        if (row && row.status !== null) counts.set(row.status, (counts.get(row.status) ?? 0) + by)
      }
      const onKnown = (before: RecordHead | undefined, now: RecordHead | undefined) => {
        count(before, -1)
        count(now, 1)
      }
      const sqlite = new SqliteMeshStore({ store, now: () => 1_000, onKnown })
      for (const { run } of steps) run(sqlite)
      sqlite.flush()
      const counted = [...counts]
        .filter(([, total]) => total !== 0)
        .map(([status, total]) => ({ status, count: total }))
      const byStatus = (a: { status: string | null }, b: { status: string | null }) => (a.status! < b.status! ? -1 : 1)
      expect(counted.toSorted(byStatus)).toEqual(countStatuses(store.db).toSorted(byStatus))
    }),
    { numRuns: 100 },
  )
})

test('pruning takes the oldest first, and no more than it was told', () => {
  reset('self')
  const sqlite = new SqliteMeshStore({ store, now: () => 1_000 })
  const plain = { version: { generation: 0, ballot: { n: 1, node: '0a' } }, set: { replicas: ['0a'], m: 1 } }
  for (const finishedAt of [30, 10, 20, 40]) {
    const value = supersededRecord('a', finishedAt)
    const ended = { ...value, result: { ...value.result, finishedAt } }
    sqlite.putKnown({ key: keyOf(ended), ...plain, writtenAt: finishedAt, value: ended })
    const empty = { promised: { n: 1, node: '0a' }, accepted: null, proposal: null }
    sqlite.putRegister(
      { key: `job:${finishedAt}`, generation: 0, set: plain.set, ...empty, touchedAt: finishedAt },
      false,
    )
  }
  expect([sqlite.pruneFinished(40, 2), sqlite.pruneRegisters(40, 2)]).toEqual([2, 2])
  expect(sqlite.keysWithBase('superseded:', 9)).toEqual(['superseded:a:30~00000000', 'superseded:a:40~00000000'])
  expect([10, 20, 30, 40].filter((at) => sqlite.register(`job:${at}`))).toEqual([30, 40])
  expect([sqlite.pruneFinished(40, 2), sqlite.pruneRegisters(40, 2)]).toEqual([1, 1])
})
