import type { JobRecord } from '@skyclaw/protocol'
import assert from 'node:assert/strict'
import { keep, refuse, write } from '../../core/decision.ts'
import { jobKey } from '../record-key.ts'
import { addJob, type Case } from './case.ts'

const prioritise = (priority: number) => (job: JobRecord | null) => write({ ...job!, priority })

export const changeCases: readonly Case[] = [
  {
    name: 'a change decides on the current value and becomes it',
    async run(harness) {
      const { ledger } = harness
      const job = await addJob(harness, 'a')
      const seen: (JobRecord | null)[] = []
      const { value, changed } = await ledger.change(jobKey('a'), (current) => {
        seen.push(current)
        return prioritise(7)(current)
      })
      assert.deepEqual(seen.at(-1), job)
      assert.deepEqual({ value, changed }, { value: { ...job, priority: 7 }, changed: true })
      assert.deepEqual(await ledger.read(jobKey('a')), { ...job, priority: 7 })
    },
  },
  {
    name: 'a record that nobody made is null, to readers and to decide',
    async run({ ledger }) {
      assert.equal(await ledger.read(jobKey('none')), null)
      assert.equal(await ledger.read(jobKey('none'), { consistent: true }), null)
      const { value, changed } = await ledger.change(jobKey('none'), (current) => {
        assert.equal(current, null)
        return keep
      })
      assert.deepEqual({ value, changed }, { value: null, changed: false })
    },
  },
  {
    name: 'a change that keeps changes nothing and answers the value',
    async run(harness) {
      const job = await addJob(harness, 'a')
      const before = await harness.ledger.feed(0, 10)
      const { value, changed } = await harness.ledger.change(jobKey('a'), () => keep)
      assert.deepEqual({ value, changed }, { value: job, changed: false })
      assert.deepEqual((await harness.ledger.feed(0, 10)).records[0]?.value, before.records[0]?.value)
    },
  },
  {
    name: 'a change that refuses rejects with its problem and changes nothing',
    async run(harness) {
      const job = await addJob(harness, 'a')
      const refused = harness.ledger.change(jobKey('a'), () => refuse('job_terminal', 'no'))
      await assert.rejects(refused, { name: 'ProblemError', code: 'job_terminal', message: 'no' })
      assert.deepEqual(await harness.ledger.read(jobKey('a')), job)
    },
  },
  {
    name: 'an error of decide rejects that change and no other',
    async run(harness) {
      await addJob(harness, 'a')
      const [failed, other] = await Promise.allSettled([
        harness.ledger.change(jobKey('a'), () => {
          throw new TypeError('broken')
        }),
        harness.ledger.change(jobKey('a'), prioritise(3)),
      ])
      assert.equal(failed.status, 'rejected')
      assert.equal(other.status, 'fulfilled')
      assert.equal((await harness.ledger.read(jobKey('a')))?.priority, 3)
    },
  },
  {
    name: 'changes of one record at once are applied one after the other, none lost',
    async run(harness) {
      await addJob(harness, 'a')
      const increment = (job: JobRecord | null) => write({ ...job!, priority: job!.priority + 1 })
      await Promise.all(Array.from({ length: 100 }, () => harness.ledger.change(jobKey('a'), increment)))
      assert.equal((await harness.ledger.read(jobKey('a'), { consistent: true }))?.priority, 100)
    },
  },
  {
    name: 'what a change acknowledged is there after a crash',
    async run(harness, crash) {
      const jobs = await Promise.all(Array.from({ length: 20 }, (_, index) => addJob(harness, `job-${index}`)))
      await harness.ledger.change(jobKey('job-3'), prioritise(9))
      const { ledger } = await crash()
      for (const job of jobs) {
        const expected = job.id === 'job-3' ? { ...job, priority: 9 } : job
        assert.deepEqual(await ledger.read(jobKey(job.id)), expected)
      }
    },
  },
  {
    name: 'a change whose caller has given up before it began does not happen',
    async run(harness) {
      const job = await addJob(harness, 'a')
      const given = harness.ledger.change(jobKey('a'), prioritise(5), { signal: AbortSignal.abort() })
      await assert.rejects(given, { name: 'AbortError' })
      assert.deepEqual(await harness.ledger.read(jobKey('a')), job)
    },
  },
  {
    name: 'a change whose caller gives up while it waits to be tried does not happen',
    async run(harness) {
      const job = await addJob(harness, 'a')
      const caller = new AbortController()
      const given = harness.ledger.change(jobKey('a'), prioritise(5), { signal: caller.signal })
      caller.abort()
      await assert.rejects(given, { name: 'AbortError' })
      assert.deepEqual(await harness.ledger.read(jobKey('a')), job)
    },
  },
]
