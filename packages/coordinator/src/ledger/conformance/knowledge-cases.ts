import { type HostRecord, type JobRecord, type LedgerRecord, limits, type RecordValue } from '@skyclaw/protocol'
import assert from 'node:assert/strict'
import { write } from '../../core/decision.ts'
import { cancel } from '../../core/lifecycle.ts'
import type { LedgerHarness } from '../conformance.ts'
import { hostKey, jobKey, keyOf } from '../record-key.ts'
import { addJob, type Case, claimIds } from './case.ts'

const ids = (values: readonly RecordValue[]) => values.map((value) => (value.kind === 'superseded' ? '' : value.id))

function cancelJob({ ledger, clock }: LedgerHarness, id: string) {
  return ledger.change(jobKey(id), (job) => cancel(job, { now: clock.now() }))
}

async function addHost({ ledger, clock }: LedgerHarness, id: string): Promise<void> {
  const now = clock.now()
  const offer = { name: id, capabilities: [], maxParallel: 1, labels: {} }
  await ledger.change(hostKey(id), () =>
    write<HostRecord>({ kind: 'host', id, ...offer, registeredAt: now, updatedAt: now }),
  )
}

export const knowledgeCases: readonly Case[] = [
  {
    name: 'a list shows one kind, newest first, in pages that meet without gap or repeat',
    async run(harness) {
      await addHost(harness, 'host-a')
      for (let index = 0; index < 7; index += 1) await addJob(harness, `job-${index}`)
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await harness.ledger.list({ kind: 'job' }, { limit: 3, cursor })
        seen.push(...ids(page.values))
        cursor = page.nextCursor
        await addJob(harness, `later-${seen.length}`)
      } while (cursor !== undefined)
      assert.deepEqual(seen, ['job-6', 'job-5', 'job-4', 'job-3', 'job-2', 'job-1', 'job-0'])
    },
  },
  {
    name: 'a list can be of one status, and of the leases of one host',
    async run(harness) {
      for (const id of ['a', 'b', 'c', 'd']) await addJob(harness, id)
      await claimIds(harness, 2, 'host-a')
      await cancelJob(harness, 'c')
      const list = async (filter: object) =>
        ids((await harness.ledger.list({ kind: 'job', ...filter }, { limit: 10 })).values)
      assert.deepEqual(await list({ status: 'leased' }), ['b', 'a'])
      assert.deepEqual(await list({ status: 'cancelled' }), ['c'])
      assert.deepEqual(await list({ status: 'queued' }), ['d'])
      assert.deepEqual(await list({ hostId: 'host-a', status: 'leased' }), ['b', 'a'])
      assert.deepEqual(await list({ hostId: 'host-b' }), [])
    },
  },
  {
    name: 'a cursor that is none is refused',
    async run({ ledger }) {
      await assert.rejects(ledger.list({ kind: 'job' }, { limit: 1, cursor: 'bm9uZQ' }), { code: 'invalid_request' })
    },
  },
  {
    name: 'the counts follow every change, over a crash too',
    async run(harness, crash) {
      for (const id of ['a', 'b', 'c']) await addJob(harness, id)
      await claimIds(harness, 1)
      await cancelJob(harness, 'c')
      const expected = { queued: 1, leased: 1, completed: 0, failed: 0, cancelled: 1 }
      assert.deepEqual(harness.ledger.counts().jobs, expected)
      assert.deepEqual((await crash()).ledger.counts().jobs, expected)
    },
  },
  {
    name: 'a watcher hears of each record that changed, once it is durable, until it stops',
    async run(harness) {
      const heard: RecordValue[] = []
      const stop = harness.ledger.watch((value) => void heard.push(value))
      await addJob(harness, 'a')
      await cancelJob(harness, 'a')
      stop()
      await addJob(harness, 'b')
      assert.deepEqual(
        heard.map((value) => (value as JobRecord).status),
        ['queued', 'cancelled'],
      )
    },
  },
  {
    name: 'the feed shows each record once, under its latest change, in pages',
    async run(harness) {
      for (const id of ['a', 'b', 'c']) await addJob(harness, id)
      await cancelJob(harness, 'a')
      const first = await harness.ledger.feed(0, 2)
      assert.deepEqual(ids(first.records.map(({ value }) => value)), ['b', 'c'])
      assert.equal(first.more, true)
      const second = await harness.ledger.feed(first.next, 2)
      assert.deepEqual(ids(second.records.map(({ value }) => value)), ['a'])
      assert.deepEqual(await harness.ledger.feed(second.next, 2), { records: [], next: second.next, more: false })
    },
  },
  {
    name: 'a brief page of the feed has the same records, by key, version and number alone',
    async run(harness) {
      for (const id of ['a', 'b', 'c']) await addJob(harness, id)
      await cancelJob(harness, 'a')
      const { records, ...place } = await harness.ledger.feed(1, 2)
      const brief = await harness.ledger.feed(1, 2, { brief: true })
      const heads = records.map(({ seq, key, version }) => ({ seq, key, version }))
      assert.deepEqual(brief, { records: heads, ...place })
      assert.equal(records.length, 2)
    },
  },
  {
    name: 'a list shows of two hosts of one id the one that counts, and so do readers',
    async run(harness) {
      const { ledger } = harness
      await addHost(harness, 'host-a')
      const [known] = (await ledger.feed(0, 1)).records
      assert.ok(known?.value.kind === 'host')
      const { seq: _seq, ...record } = known
      const twin = (lineage: string, registeredAt: number) => ({
        ...record,
        key: hostKey('host-a').keyFor(lineage),
        value: { ...known.value, registeredAt, name: lineage },
      })
      const { registeredAt } = known.value
      await ledger.merge([twin('00000001', registeredAt + 1), twin('00000002', registeredAt - 1)] as LedgerRecord[])
      const { values } = await ledger.list({ kind: 'host' }, { limit: 10 })
      assert.deepEqual(
        values.map((value) => value.kind === 'host' && value.name),
        ['00000002'],
      )
      assert.deepEqual(await ledger.read(hostKey('host-a')), values[0])
    },
  },
  {
    name: 'a merge takes newer versions of records and leaves the others',
    async run(harness) {
      const old = await addJob(harness, 'a')
      await cancelJob(harness, 'a')
      const [known] = (await harness.ledger.feed(0, 1)).records
      assert.ok(known)
      const { seq: _seq, ...record } = known
      const older = { ...record, version: { ...record.version, ballot: { n: 1, node: '0' } }, value: old }
      const fresh = { ...record, key: keyOf({ ...old, id: 'b' }), value: { ...old, id: 'b' } }
      assert.deepEqual(await harness.ledger.merge([older, record, fresh]), { changed: 1, adopted: 0 })
      assert.equal((await harness.ledger.read(jobKey('a')))?.status, 'cancelled')
      assert.deepEqual(await claimIds(harness, 10), ['b'])
    },
  },
  {
    name: 'a merge never changes what has ended, whatever version it brings',
    async run(harness) {
      const job = await addJob(harness, 'a')
      await cancelJob(harness, 'a')
      const [known] = (await harness.ledger.feed(0, 1)).records
      assert.ok(known)
      const { seq: _seq, ...record } = known
      const version = { generation: 7, ballot: { n: 1_000, node: 'z' } }
      const revived = { ...record, version, value: job }
      assert.deepEqual(await harness.ledger.merge([revived]), { changed: 0, adopted: 0 })
      assert.equal((await harness.ledger.read(jobKey('a')))?.status, 'cancelled')
    },
  },
  {
    name: 'no number of the feed is given twice, though what bore it was pruned and the ledger crashed',
    async run(harness, crash) {
      await addJob(harness, 'a')
      await cancelJob(harness, 'a')
      const { next } = await harness.ledger.feed(0, 10)
      harness.clock.advance(1)
      assert.equal(await harness.ledger.prune(harness.clock.now(), 10), 1)
      const again = await crash()
      await addJob(again, 'b')
      const { records } = await again.ledger.feed(0, 10)
      const numbers = records.flatMap(({ seq, value }) => (value.kind === 'job' && value.id === 'b' ? [seq] : []))
      assert.ok(numbers.length === 1 && numbers[0]! > next)
    },
  },
  {
    name: 'a page of large records ends early, and the next goes on from there',
    async run(harness) {
      const payload = { kind: 'shell' as const, command: 'cat', stdin: 'x'.repeat(limits.stdinChars) }
      const made = Array.from({ length: 12 }, (_, index) => `job-${index}`)
      for (const id of made) await addJob(harness, id, { payload })
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await harness.ledger.list({ kind: 'job' }, { limit: 100, cursor })
        assert.ok(page.values.length <= limits.pageBytes / limits.stdinChars)
        seen.push(...ids(page.values))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      assert.deepEqual(seen, made.toReversed())
    },
  },
  {
    name: 'pruning drops what ended before a time, and nothing else',
    async run(harness) {
      for (const id of ['old', 'queued', 'leased', 'new']) await addJob(harness, id)
      await addHost(harness, 'host-a')
      await cancelJob(harness, 'old')
      harness.clock.advance(1_000)
      await cancelJob(harness, 'new')
      assert.equal(await harness.ledger.prune(harness.clock.now(), 10), 1)
      assert.equal(await harness.ledger.read(jobKey('old'), { locally: true }), null)
      assert.equal(harness.ledger.counts().jobs.cancelled, 1)
      const { values } = await harness.ledger.list({ kind: 'job' }, { limit: 10 })
      assert.deepEqual(ids(values), ['new', 'leased', 'queued'])
      assert.notEqual(await harness.ledger.read(hostKey('host-a')), null)
    },
  },
]
