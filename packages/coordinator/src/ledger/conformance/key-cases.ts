import type { JobRecord, SupersededRecord } from '@skyclaw/protocol'
import assert from 'node:assert/strict'
import { keep, write } from '../../core/decision.ts'
import { newJobRecord } from '../../jobs/new-job.ts'
import type { LedgerHarness } from '../conformance.ts'
import {
  baseOf,
  claimTag,
  derivedJobKey,
  jobIdOf,
  jobKey,
  keyOf,
  type RecordKey,
  supersededKey,
} from '../record-key.ts'
import { addJob, anyHost, type Case, claimIds } from './case.ts'

const derived = derivedJobKey('0123abcd-0123-8123-8123-0123')
const claim = { key: 'c'.repeat(64), bodyHash: 'd'.repeat(64) }

/** Makes the job of a derived key, or finds it. */
function enqueue({ ledger, clock }: LedgerHarness) {
  const now = clock.now()
  const payload = { kind: 'shell' as const, command: 'true' }
  const birth = { now, sequence: ledger.nextSequence(now) }
  return ledger.change(derived, (current, key) =>
    current ? keep : write(newJobRecord({ payload }, { ...birth, id: jobIdOf(key) })),
  )
}

const bearsItsKey = (job: JobRecord | null, key: RecordKey<JobRecord>) => job !== null && keyOf(job) === key

export const keyCases: readonly Case[] = [
  {
    name: 'a base key makes one record, however often it is asked for, under a key that decide is told',
    async run(harness, crash) {
      const first = await enqueue(harness)
      assert.deepEqual([first.changed, bearsItsKey(first.value, first.key)], [true, true])
      assert.equal(baseOf(first.key), derived.base)
      const again = await enqueue(harness)
      assert.deepEqual(again, { ...first, changed: false })
      assert.deepEqual(await enqueue(await crash()), again)
    },
  },
  {
    name: 'of changes of one base key at once, one makes the record',
    async run(harness) {
      const made = await Promise.all(Array.from({ length: 20 }, () => enqueue(harness)))
      assert.equal(made.filter(({ changed }) => changed).length, 1)
      assert.equal(new Set(made.map(({ key }) => key)).size, 1)
      assert.equal(harness.ledger.counts().jobs.queued, 1)
    },
  },
  {
    name: 'a record is read by its base as by its key',
    async run(harness) {
      const { ledger } = harness
      assert.equal(await ledger.read(derived), null)
      assert.equal(await ledger.read(derived, { locally: true }), null)
      const { key, value } = await enqueue(harness)
      assert.deepEqual(await ledger.read(key), value)
      assert.deepEqual(await ledger.read(derived), value)
      assert.deepEqual(await ledger.read(derived, { locally: true }), value)
      assert.deepEqual(await ledger.read(derived, { consistent: true }), value)
    },
  },
  {
    name: 'the base of a key that begins as another does stands for its own record',
    async run({ ledger, clock }) {
      const result = { finishedAt: clock.now(), durationMs: 1, exitCode: 0, stdout: '', stderr: '' }
      const report: SupersededRecord = {
        ...{ kind: 'superseded', jobId: 'a', attempt: 11, hostId: 'host-a' },
        ...{ success: true, result },
      }
      await ledger.change(supersededKey('a', 11), () => write(report))
      assert.equal(await ledger.read(supersededKey('a', 1)), null)
      assert.deepEqual(await ledger.read(supersededKey('a', 11)), report)
    },
  },
  {
    name: 'nothing is made under an exact key that is not fresh',
    async run({ ledger }) {
      const change = ledger.change(jobKey('a'), (job) => (job ? keep : write({} as JobRecord)))
      await assert.rejects(change)
      assert.equal(await ledger.read(jobKey('a')), null)
    },
  },
  {
    name: 'records are found by the tag of their latest value, and by that of no earlier one',
    async run(harness, crash) {
      for (const id of ['a', 'b', 'c']) await addJob(harness, id)
      const { ledger, clock } = harness
      const lease = (job: JobRecord | null) =>
        job?.status === 'queued'
          ? write<JobRecord>({
              ...{ ...job, status: 'leased', attempts: 1 },
              attemptHistory: [{ attempt: 1, hostId: 'host-a', startedAt: clock.now() }],
              lease: { hostId: 'host-a', attempt: 1, leasedAt: clock.now(), claim },
            })
          : keep
      assert.equal((await ledger.claim<JobRecord>(anyHost, lease, 2)).values.length, 2)
      await claimIds(harness, 1, 'host-b')
      const found = async (from: LedgerHarness, thorough: boolean) =>
        (await from.ledger.find(claimTag(claim.key), { thorough })).map(({ id }) => id).toSorted()
      assert.deepEqual(await found(harness, false), ['a', 'b'])
      assert.deepEqual(await found(harness, true), ['a', 'b'])
      assert.deepEqual(await ledger.find(claimTag('e'.repeat(64)), { thorough: true }), [])
      await ledger.change(jobKey('a'), (job) => {
        const { lease: _lease, ...rest } = job!
        return write<JobRecord>({ ...rest, status: 'cancelled' })
      })
      const again = await crash()
      assert.deepEqual(await found(again, false), ['b'])
      assert.deepEqual(await found(again, true), ['b'])
    },
  },
  {
    name: 'the coordinator that made a record goes first among those who may act on it',
    async run(harness) {
      await addJob(harness, 'a')
      assert.equal(harness.ledger.rank(jobKey('a')), 0)
    },
  },
  {
    name: 'the durability of a change counts the coordinators that are to hold it, and those that must have it on disk',
    async run({ ledger }) {
      const { replicas, minimum, standalone } = ledger.durability
      assert.ok(minimum >= 1 && replicas >= minimum)
      assert.equal(standalone, replicas === 1)
    },
  },
]
