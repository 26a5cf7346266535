import type { JobRecord } from '@skyclaw/protocol'
import assert from 'node:assert/strict'
import { satisfies } from '../../core/matching.ts'
import { jobKey } from '../record-key.ts'
import { addJob, anyHost, type Case, claimIds, leaseTo } from './case.ts'

export const claimCases: readonly Case[] = [
  {
    name: 'a claim takes the highest priority first, then the earliest runAt, then the order of creation',
    async run(harness) {
      const { clock } = harness
      await addJob(harness, 'early')
      await addJob(harness, 'early-too')
      clock.advance(10)
      await addJob(harness, 'late')
      await addJob(harness, 'urgent', { priority: 5 })
      await addJob(harness, 'lazy', { priority: -5 })
      assert.deepEqual(await claimIds(harness, 2), ['urgent', 'early'])
      assert.deepEqual(await claimIds(harness, 10), ['early-too', 'late', 'lazy'])
      assert.deepEqual(await claimIds(harness, 10), [])
    },
  },
  {
    name: 'the order holds across requirements',
    async run(harness) {
      const gpu = { requirement: { requiredCapabilities: ['gpu'] } }
      await addJob(harness, 'a', gpu)
      await addJob(harness, 'b')
      await addJob(harness, 'c', { ...gpu, priority: 1 })
      await addJob(harness, 'd')
      assert.deepEqual(await claimIds(harness, 10), ['c', 'a', 'b', 'd'])
    },
  },
  {
    name: 'a claim takes only what its host satisfies: none, some, all',
    async run(harness) {
      await addJob(harness, 'plain')
      await addJob(harness, 'gpu', { requirement: { requiredCapabilities: ['GPU '] } })
      await addJob(harness, 'both', { requirement: { requiredCapabilities: ['gpu', 'ffmpeg'] } })
      await addJob(harness, 'labelled', { requirement: { labels: { zone: 'home' } } })
      await addJob(harness, 'agent', { payload: { kind: 'openclaw-run', message: 'hello' } })
      const claimAs = async (capabilities: string[], labels: Record<string, string> = {}) => {
        const match = { accepts: (requirement: object) => satisfies({ capabilities, labels }, requirement) }
        const { values } = await harness.ledger.claim<JobRecord>(match, leaseTo(harness, 'host-a'), 10)
        return values.map(({ id }) => id)
      }
      assert.deepEqual(await claimAs([]), [])
      assert.deepEqual(await claimAs(['gpu', 'ffmpeg']), [])
      assert.deepEqual(await claimAs(['shell', 'gpu']), ['plain', 'gpu'])
      assert.deepEqual(await claimAs(['shell'], { zone: 'away' }), [])
      assert.deepEqual(await claimAs(['shell'], { zone: 'home' }), ['labelled'])
      assert.deepEqual(await claimAs(['shell', 'gpu', 'ffmpeg', 'openclaw']), ['both', 'agent'])
    },
  },
  {
    name: 'claims at once never take the same job',
    async run(harness) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => addJob(harness, `job-${index}`)))
      const claims = await Promise.all(Array.from({ length: 20 }, (_, index) => claimIds(harness, 3, `host-${index}`)))
      const taken = claims.flat()
      assert.equal(taken.length, 50)
      assert.equal(new Set(taken).size, 50)
    },
  },
  {
    name: 'a scheduled job is not due before its time, and is then, whatever its priority hid meanwhile',
    async run(harness) {
      const { clock } = harness
      const runAt = new Date(clock.now() + 60_000).toISOString()
      await addJob(harness, 'scheduled', { runAt, priority: 100 })
      await addJob(harness, 'now')
      assert.deepEqual(await claimIds(harness, 10), ['now'])
      clock.advance(59_999)
      assert.deepEqual(await claimIds(harness, 10), [])
      clock.advance(1)
      assert.deepEqual(await claimIds(harness, 10), ['scheduled'])
    },
  },
  {
    name: 'a scheduled job that became due while the ledger was down is due after a crash',
    async run(harness, crash) {
      const runAt = new Date(harness.clock.now() + 1_000).toISOString()
      await addJob(harness, 'scheduled', { runAt })
      const again = await crash()
      assert.deepEqual(await claimIds(again, 10), [])
      again.clock.advance(1_000)
      assert.deepEqual(await claimIds(again, 10), ['scheduled'])
    },
  },
  {
    name: 'a job that decide refuses is skipped for the next',
    async run(harness) {
      await addJob(harness, 'a')
      await addJob(harness, 'b')
      const lease = leaseTo(harness, 'host-a')
      const { values } = await harness.ledger.claim<JobRecord>(
        anyHost,
        (job) => (job?.id === 'a' ? { kind: 'keep' } : lease(job)),
        1,
      )
      assert.deepEqual(
        values.map(({ id }) => id),
        ['b'],
      )
      assert.equal((await harness.ledger.read(jobKey('a')))?.status, 'queued')
    },
  },
  {
    name: 'a withheld job is left alone, and the claim is told when to try again',
    async run(harness) {
      await addJob(harness, 'a')
      const until = harness.clock.now() + 500
      const match = { ...anyHost, withheldUntil: () => until }
      const first = await harness.ledger.claim<JobRecord>(match, leaseTo(harness, 'host-a'), 1)
      assert.deepEqual(first, { values: [], tryAgainAt: until })
      harness.clock.advance(500)
      const second = await harness.ledger.claim<JobRecord>(match, leaseTo(harness, 'host-a'), 1)
      assert.deepEqual(
        second.values.map(({ id }) => id),
        ['a'],
      )
    },
  },
  {
    name: 'a lease that was acknowledged stands after a crash',
    async run(harness, crash) {
      await addJob(harness, 'a')
      assert.deepEqual(await claimIds(harness, 1), ['a'])
      const again = await crash()
      assert.equal((await again.ledger.read(jobKey('a')))?.lease?.hostId, 'host-a')
      assert.deepEqual(await claimIds(again, 1, 'host-b'), [])
      assert.deepEqual([...again.ledger.counts().leases], [['host-a', 1]])
    },
  },
]
