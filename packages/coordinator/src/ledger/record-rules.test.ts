import { JobRecord, limits, type RecordValue } from '@skyclaw/protocol'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostRecord, shellJobRecord, supersededRecord } from '../../test/records.ts'
import { brokenInvariant } from '../core/job-invariants.ts'
import * as lifecycle from '../core/lifecycle.ts'
import { jobKey, keyOf } from './record-key.ts'
import { recordRules as rules } from './record-rules.ts'

function written(decision: ReturnType<typeof lifecycle.lease>): JobRecord {
  if (decision.kind !== 'write') throw new Error(`expected a write, got ${decision.kind}`)
  return decision.value
}

const claim = { key: 'c'.repeat(64), bodyHash: 'b'.repeat(64) }
const report = { durationMs: 1, exitCode: 1, stdout: '', stderr: '', error: 'no luck', now: 3_000, random: 0 }

const queued = shellJobRecord({}, { maxAttempts: 3 })
const leased = written(lifecycle.lease(queued, { hostId: 'host-a', now: 2_000, claim }))
const retried = written(lifecycle.complete(leased, { ...report, hostId: 'host-a', success: false }))
const completed = written(lifecycle.complete(leased, { ...report, hostId: 'host-a', success: true }))
const failed = written(
  lifecycle.complete({ ...leased, maxAttempts: 1 }, { ...report, hostId: 'host-a', success: false }),
)
const cancelled = written(lifecycle.cancel(queued, { now: 2_000 }))
const jobs = { queued, leased, retried, completed, failed, cancelled }
const others: RecordValue[] = [hostRecord('h'), supersededRecord('j', 1)]

const job = fc.constantFrom(...Object.values(jobs))
const twinKey = fc.nat({ max: 30 }).map((n) => jobKey(`twin-${n}`))
const jobIs = new Ajv({ discriminator: true, strict: false, formats: { 'date-time': true } }).compile(JobRecord)

describe('the rules of records', () => {
  test('jobs that have ended and superseded reports are final; hosts and other jobs are not', () => {
    const final = Object.entries(jobs).filter(([, value]) => rules.isFinal(value))
    expect(final.map(([name]) => name)).toEqual(['completed', 'failed', 'cancelled'])
    expect(others.map((value) => rules.isFinal(value))).toEqual([false, true])
  })

  test('a record was created when it was enqueued, registered or reported', () => {
    expect([...others, retried].map((value) => rules.createdAt(value))).toEqual([500, 700, 1_000])
  })

  test('a job bears the tag of the claim that leased it, as long as it is leased', () => {
    expect(rules.tagOf(leased)).toBe(`claim:${claim.key}`)
    for (const value of [queued, retried, completed, cancelled, ...others]) expect(rules.tagOf(value)).toBeUndefined()
    expect(rules.tagOf(written(lifecycle.lease(queued, { hostId: 'host-a', now: 2_000 })))).toBeUndefined()
  })

  test('a creation lapses ten minutes after it was made, unless a host had it or it has ended', () => {
    const late = 1_000 + 600_001
    expect(rules.lapsed(queued, late - 1)).toBeNull()
    const lapsed = rules.lapsed(queued, late)
    expect(lapsed).toMatchObject({
      status: 'cancelled',
      updatedAt: late,
      cancelReason: expect.stringContaining('10 min'),
    })
    for (const value of [leased, retried, completed, cancelled, ...others]) {
      expect(rules.lapsed(value, late)).toBeNull()
    }
  })

  test('hosts and superseded reports take no note of twins and do not give way', () => {
    for (const value of others) {
      expect(rules.withTwin(value, keyOf(value, '00000001'), 1)).toBeNull()
      expect(rules.asDuplicate(value, keyOf(value, '00000001'), 1)).toBeNull()
    }
  })
})

describe('twins among jobs', () => {
  test('a job that has not ended notes each twin once, up to a limit, and nothing else of it changes', () => {
    fc.assert(
      fc.property(job, fc.array(twinKey, { maxLength: 40, size: 'max' }), (start, keys) => {
        let current = start
        for (const key of keys) {
          const next = rules.withTwin(current, key, 9_000) as JobRecord | null
          if (next) expect(next).toEqual({ ...current, twins: [...(current.twins ?? []), key.slice(4)] })
          current = next ?? current
          expect(rules.withTwin(current, key, 9_000)).toBeNull()
        }
        const twins = rules.isFinal(start) ? 0 : Math.min(limits.twins, new Set(keys).size)
        expect(current.twins ?? []).toHaveLength(twins)
        expect(brokenInvariant(current)).toBeNull()
        expect(jobIs(current), JSON.stringify(jobIs.errors)).toBe(true)
      }),
    )
  })

  test('a queued job gives way for good, naming the one that stands; one that a host has or that has ended stays', () => {
    fc.assert(
      fc.property(job, twinKey, (current, key) => {
        const next = rules.asDuplicate(current, key, 9_000) as JobRecord | null
        expect(next !== null).toBe(current.status === 'queued')
        if (!next) return
        expect(next).toMatchObject({ status: 'cancelled', duplicateOf: key.slice(4), updatedAt: 9_000 })
        expect(rules.isFinal(next)).toBe(true)
        expect(brokenInvariant(next)).toBeNull()
        expect(rules.asDuplicate(next, jobKey('other'), 9_500)).toBeNull()
      }),
    )
  })
})
