import { isTerminal, type JobRecord, limits, redacted } from '@skyclaw/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newJobRecord } from '../jobs/new-job.ts'
import type { Decision } from './decision.ts'
import { brokenInvariant } from './job-invariants.ts'
import * as lifecycle from './lifecycle.ts'

const hosts = ['host-a', 'host-b', 'host-c'] as const
const host = fc.constantFrom(...hosts)
/** How far from the latest attempt an input speaks: 0 is the latest, 1 the one before. */
const behind = fc.nat({ max: 2 })

type Input =
  | { kind: 'lease'; hostId: string }
  | { kind: 'complete'; hostId: string; behind: number | undefined; success: boolean; timedOut: boolean }
  | { kind: 'lose'; hostId: string; behind: number; told: boolean }
  | { kind: 'release'; hostId: string; behind: number }
  | { kind: 'cancel' }
  | { kind: 'note_twin' }
  | { kind: 'give_way' }
  | { kind: 'wait'; ms: number }

type Step = Exclude<Input, { kind: 'wait' }>

const input: fc.Arbitrary<Input> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('lease' as const), hostId: host }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('complete' as const),
      hostId: host,
      behind: fc.option(behind, { nil: undefined }),
      success: fc.boolean(),
      timedOut: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lose' as const), hostId: host, behind, told: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), hostId: host, behind }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const) }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'note_twin' as const }, { kind: 'give_way' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 5_000_000 }) }) },
)

const budgets = fc.record({ maxAttempts: fc.integer({ min: 1, max: 4 }), maxLeaseLosses: fc.nat({ max: 4 }) })

function newJob(budget: { maxAttempts: number; maxLeaseLosses: number }): JobRecord {
  const payload = { kind: 'shell' as const, command: 'true', secretEnv: { KEY: redacted } }
  const birth = { id: 'job', now: 0, sequence: 0, bodyHash: 'a'.repeat(64), sealedEnv: 'sealed', retryOf: 'former' }
  return newJobRecord({ payload, ...budget }, birth)
}

function decide(job: JobRecord, step: Step, now: number): Decision<JobRecord> {
  const random = 0.5
  if (step.kind === 'lease') return lifecycle.lease(job, { hostId: step.hostId, now })
  if (step.kind === 'note_twin') return lifecycle.noteTwin(job, `twin-${job.twins?.length ?? 0}`)
  if (step.kind === 'give_way') return lifecycle.giveWay(job, { standingId: 'standing', now })
  if (step.kind === 'cancel') return lifecycle.cancel(job, { now })
  const attempt = step.behind === undefined ? undefined : Math.max(1, job.attempts - step.behind)
  if (step.kind === 'complete') {
    const { hostId, success, timedOut } = step
    const usage = { cpuMs: now, truncated: success }
    const report = { durationMs: 1, exitCode: success ? 0 : 1, stdout: '', stderr: '', timedOut, usage }
    return lifecycle.complete(job, { hostId, attempt, success, ...report, now, random })
  }
  if (step.kind === 'lose') {
    // By the coordinators, or on the word of the host.
    const lose = step.told ? lifecycle.giveUp : lifecycle.lose
    return lose(job, { hostId: step.hostId, attempt: attempt!, reason: 'test', now, random })
  }
  return lifecycle.release(job, { hostId: step.hostId, attempt: attempt!, now })
}

/** Runs inputs over a job; a crash keeps exactly what was written, which is what the record's JSON says. */
function run(
  job: JobRecord,
  steps: readonly Input[],
  visit: (before: JobRecord, step: Step, decision: Decision<JobRecord>) => void,
) {
  let now = 0
  let current = job
  for (const step of steps) {
    if (step.kind === 'wait') {
      now += step.ms
      continue
    }
    const decision = decide(current, step, now)
    visit(current, step, decision)
    if (decision.kind === 'write') current = JSON.parse(JSON.stringify(decision.value)) as JobRecord
  }
  return { job: current, now }
}

const sequences = fc.array(input, { maxLength: 60, size: 'max' })

test('no sequence of inputs and crashes leaves the state table or breaks an invariant of a job', () => {
  const reached = new Set<string>()
  fc.assert(
    fc.property(budgets, sequences, (budget, steps) => {
      run(newJob(budget), steps, (before, step, decision) => {
        if (decision.kind !== 'write') return
        const event = step.kind
        expect(lifecycle.transitions[event][before.status]).toContain(decision.value.status)
        expect(brokenInvariant(decision.value)).toBeNull()
        reached.add(`${event} ${before.status} ${decision.value.status}`)
      })
    }),
    { numRuns: 2_000 },
  )
  const table = Object.entries(lifecycle.transitions).flatMap(([event, rows]) =>
    Object.entries(rows).flatMap(([from, targets]) => targets.map((to) => `${event} ${from} ${to}`)),
  )
  // `release` fails a job only after hundreds of attempts, which has a test of its own.
  expect([...reached].toSorted()).toEqual(table.filter((row) => row !== 'release leased failed').toSorted())
})

test('a terminal job never changes', () => {
  fc.assert(
    fc.property(budgets, sequences, (budget, steps) => {
      run(newJob(budget), steps, (before, _step, decision) => {
        if (isTerminal(before.status)) expect(decision.kind).not.toBe('write')
      })
    }),
  )
})

test('fences count up by one with each lease, and at most one lease is current', () => {
  fc.assert(
    fc.property(budgets, sequences, (budget, steps) => {
      run(newJob(budget), steps, (before, step, decision) => {
        if (decision.kind !== 'write') return
        expect(decision.value.attempts).toBe(before.attempts + (step.kind === 'lease' ? 1 : 0))
        if (step.kind === 'lease') expect(before.lease).toBeUndefined()
      })
    }),
  )
})

test('a report that was applied is kept when it is repeated, and is applied once', () => {
  fc.assert(
    fc.property(budgets, sequences, (budget, steps) => {
      run(newJob(budget), steps, (_before, step, decision) => {
        if (step.kind !== 'complete' || decision.kind !== 'write') return
        const repeat = { ...step, behind: step.behind === undefined ? undefined : 0 }
        expect(decide(decision.value, repeat, 1).kind).toBe('keep')
      })
    }),
  )
})

test('a job that is leased again and again until it ends, ends within its budgets', () => {
  fc.assert(
    fc.property(budgets, fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), (budget, failures) => {
      const steps = failures.flatMap((fails): Input[] => [
        { kind: 'wait', ms: 3_600_000 },
        { kind: 'lease', hostId: 'host-a' },
        fails
          ? { kind: 'complete', hostId: 'host-a', behind: 0, success: false, timedOut: false }
          : { kind: 'lose', hostId: 'host-a', behind: 0, told: false },
      ])
      const { job } = run(newJob(budget), steps, () => undefined)
      expect(job.status).toBe('failed')
      expect(job.failures === budget.maxAttempts || job.leaseLosses === budget.maxLeaseLosses + 1).toBe(true)
    }),
  )
})

test('a job that is handed back again and again is given up after the last attempt that there can be', () => {
  const steps = Array.from({ length: limits.attemptsTotal + 5 }, (): Input[] => [
    { kind: 'lease', hostId: 'host-a' },
    { kind: 'release', hostId: 'host-a', behind: 0 },
  ]).flat()
  const { job } = run(newJob({ maxAttempts: 1, maxLeaseLosses: 0 }), steps, () => undefined)
  expect(job).toMatchObject({ status: 'failed', attempts: limits.attemptsTotal })
  expect(brokenInvariant(job)).toBeNull()
})
