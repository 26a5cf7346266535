import type { HostRecord, JobRecord, Requirement } from '@skyclaw/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newJobRecord } from '../jobs/new-job.ts'
import { explain, type KnownHost, obstacle } from './explain.ts'
import * as lifecycle from './lifecycle.ts'
import { satisfies } from './matching.ts'

const at = { now: 1_000, show: (millis: number) => `T${millis}` }

function job(requirement: Requirement = {}, runAt = '1970-01-01T00:00:01.000Z'): JobRecord {
  const payload = { kind: 'shell' as const, command: 'true' }
  return newJobRecord({ payload, requirement, runAt }, { id: 'job', now: 1_000, sequence: 0 })
}

function host(change: Partial<HostRecord> = {}, state: Partial<KnownHost> = {}): KnownHost {
  const record: HostRecord = {
    kind: 'host',
    id: 'a',
    name: 'attic',
    capabilities: ['shell'],
    maxParallel: 1,
    labels: {},
    registeredAt: 0,
    updatedAt: 0,
    ...change,
  }
  return { record, live: true, leases: 0, ...state }
}

const draining = { state: 'draining' as const, since: 0 }
const gpu = { requiredCapabilities: ['gpu', 'shell'] }
const cellar = { labels: { zone: 'cellar' } }

test.each<[string | undefined, Requirement, KnownHost]>([
  [undefined, {}, host()],
  ['not live', gpu, host({ wanted: draining }, { live: false })],
  ['paused', gpu, host({ wanted: { state: 'paused', since: 0 } })],
  ['draining', gpu, host({ wanted: draining })],
  ['lacks the capability gpu', { ...gpu, ...cellar }, host({}, { leases: 1 })],
  ['lacks the label zone=cellar', cellar, host({}, { leases: 1 })],
  ['label zone is attic, not cellar', cellar, host({ labels: { zone: 'attic' } })],
  ['its only slot is busy', {}, host({}, { leases: 1 })],
  ['all 4 slots are busy', {}, host({ maxParallel: 4 }, { leases: 4 })],
])('of all reasons the first is told: %s', (reason, requirement, known) => {
  const { hosts } = explain(job(requirement), [known], at)
  expect(hosts).toEqual([{ hostId: 'a', name: 'attic', ...(reason !== undefined && { reason }) }])
})

test.each<[string, JobRecord, KnownHost[]]>([
  ['It is scheduled for T5000.', job({}, '1970-01-01T00:00:05.000Z'), [host()]],
  ['It waits for a host: none has registered.', job(), []],
  ['It waits for a host: no host has the capability gpu.', job(gpu), [host()]],
  ['It waits for a host: no host has the label zone=cellar.', job(cellar), [host({ labels: { zone: 'attic' } })]],
  ['It waits for a host: no host has all of gpu, shell.', job(gpu), [host(), host({ id: 'b', capabilities: ['gpu'] })]],
  ['It waits for a host: there is 1 host that could run it, and it is not live.', job(), [host({}, { live: false })]],
  [
    'It waits for a host: there are 2 hosts that could run it, and all are paused or draining.',
    job(),
    [host({ wanted: draining }), host({ id: 'b', wanted: { state: 'paused', since: 0 } })],
  ],
  ['It waits for a slot: there is 1 host that can run it, and it is busy.', job(), [host({}, { leases: 1 })]],
  ['It waits to be claimed: there is 1 host that can run it now.', job(), [host(), host({ id: 'b' }, { leases: 1 })]],
])('the summary says what a queued job waits for: %s', (summary, record, hosts) => {
  expect(explain(record, hosts, at).summary).toBe(summary)
})

function after(record: JobRecord, ...steps: ((current: JobRecord) => ReturnType<typeof lifecycle.lease>)[]): JobRecord {
  return steps.reduce((current, step) => {
    const decision = step(current)
    if (decision.kind !== 'write') throw new Error(`expected a write, got ${decision.kind}`)
    return decision.value
  }, record)
}

const lease = (current: JobRecord) => lifecycle.lease(current, { hostId: 'a', now: 1_000 })
const cancel = (current: JobRecord) => lifecycle.cancel(current, { now: 1_000, reason: 'wrong input' })
const report = { hostId: 'a', durationMs: 1, stdout: '', stderr: '', now: 1_000, random: 0.5 }
const fail = (current: JobRecord) =>
  lifecycle.complete(current, { ...report, success: false, exitCode: 3, error: 'it broke' })
const succeed = (current: JobRecord) => lifecycle.complete(current, { ...report, success: true, exitCode: 0 })

test('the summary says where a job runs, and how one has ended', () => {
  const says = (record: JobRecord, hosts = [host()]) => explain(record, hosts, at).summary
  expect(says(after(job(), lease))).toBe('It is running on host a: attempt 1.')
  expect(says(after(job(), lease), [])).toBe('It is running on host a, which was not heard lately: attempt 1.')
  expect(says(after(job(), lease, cancel))).toBe('It is being cancelled on host a.')
  expect(says(after(job(), lease, succeed))).toBe('It has completed on host a after 1 attempt.')
  expect(says(after(job(), lease, fail))).toBe('It has failed after 1 attempt (exit code 3): it broke')
  expect(says(after(job(), cancel))).toBe('It was cancelled before it ran: wrong input')
  const again = after({ ...job(), maxAttempts: 2 }, lease, fail)
  expect(says(again)).toBe('Attempt 1 ended as failed; it is tried again at T2000.')
})

test('nothing keeps a job from the host that runs it, and no host is asked of one that has ended', () => {
  expect(explain(after(job(), lease), [host({}, { leases: 1 })], at).hosts).toEqual([{ hostId: 'a', name: 'attic' }])
  expect(explain(after(job(), cancel), [host()], at).hosts).toEqual([])
})

test('a host has no obstacle exactly when a claim of it would be given the job', () => {
  const names = fc.subarray(['gpu', 'shell', 'disk'])
  const labels = fc.dictionary(fc.constantFrom('zone', 'constructor'), fc.constantFrom('attic', 'cellar'))
  const wanted = fc.option(fc.constant(draining), { nil: undefined })
  const property = fc.property(
    names,
    labels,
    fc.record({ capabilities: names, labels, live: fc.boolean(), wanted, leases: fc.nat(2) }),
    (requiredCapabilities, asked, { live, leases, wanted: wish, ...offer }) => {
      const requirement = { requiredCapabilities, labels: asked }
      const known = host({ ...offer, ...(wish && { wanted: wish }), maxParallel: 2 }, { live, leases })
      const free = live && wish === undefined && satisfies(offer, requirement) && leases < 2
      expect(obstacle(requirement, known) === undefined).toBe(free)
    },
  )
  fc.assert(property)
})
