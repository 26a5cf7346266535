import { type JobRecord, type JobStatus, jobStatuses } from '@skyclaw/protocol'
import fc from 'fast-check'
import { expect } from 'vitest'
import * as lifecycle from '../../src/core/lifecycle.ts'
import { satisfies } from '../../src/core/matching.ts'
import { addJob, leaseTo } from '../../src/ledger/conformance/case.ts'
import type { LedgerHarness } from '../../src/ledger/conformance.ts'
import { jobKey } from '../../src/ledger/record-key.ts'
import type { PlainQueue } from './plain-queue.ts'

/** The ledger under test; a crash replaces what is in it. */
export interface Real {
  harness: LedgerHarness
}

type Command = fc.AsyncCommand<PlainQueue, Real>

/** Makes a command of what it does; it can be run in every state. */
function command(name: string, run: (model: PlainQueue, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name }
}

const capability = fc.constantFrom('gpu', 'ffmpeg')
const host = fc.constantFrom('host-a', 'host-b')
let ids = 0

const enqueue = fc
  .record({
    needs: fc.uniqueArray(capability),
    priority: fc.integer({ min: -1, max: 1 }),
    delayMs: fc.constantFrom(0, 0, 0, 500, 5_000),
  })
  .map(({ needs, priority, delayMs }) =>
    command(`enqueue(${needs}, ${priority}, ${delayMs})`, async (model, { harness }) => {
      ids += 1
      const id = `job-${ids}`
      const runAt = harness.clock.now() + delayMs
      await addJob(harness, id, {
        priority,
        runAt: new Date(runAt).toISOString(),
        requirement: { requiredCapabilities: needs },
        maxAttempts: 3,
      })
      model.add({ id, needs: ['shell', ...needs], priority, runAt })
    }),
  )

const claim = fc
  .record({ hostId: host, extra: fc.uniqueArray(capability), max: fc.integer({ min: 1, max: 4 }) })
  .map(({ hostId, extra, max }) =>
    command(`claim(${hostId}, ${extra}, ${max})`, async (model, { harness }) => {
      const capabilities = ['shell', ...extra]
      const match = { accepts: (requirement: object) => satisfies({ capabilities, labels: {} }, requirement) }
      const { values } = await harness.ledger.claim<JobRecord>(match, leaseTo(harness, hostId), max)
      expect(values.map(({ id }) => id)).toEqual(model.claim(hostId, capabilities, max, harness.clock.now()))
    }),
  )

/** Ends the lease of one of the leased jobs in one of the ways there are. */
const finish = fc
  .record({ pick: fc.nat(), how: fc.constantFrom('complete', 'retry', 'lose', 'release') })
  .map(({ pick, how }) =>
    command(`finish(${pick}, ${how})`, async (model, { harness }) => {
      const leased = model.jobs.filter(({ status }) => status === 'leased')
      const job = leased[pick % Math.max(1, leased.length)]
      if (!job) return
      const now = harness.clock.now()
      const report = { durationMs: 1, exitCode: 0, stdout: '', stderr: '', now, random: 0.25 }
      const { value } = await harness.ledger.change(jobKey(job.id), (current) => {
        const lease = { hostId: job.host!, attempt: current!.attempts }
        if (how === 'lose') return lifecycle.lose(current, { ...lease, reason: 'test', now, random: 0.25 })
        if (how === 'release') return lifecycle.release(current, { ...lease, now })
        return lifecycle.complete(current, { ...lease, ...report, success: how === 'complete' })
      })
      if (value!.status === 'queued') model.requeue(job, value!.runAt)
      else model.end(job, how === 'complete' ? 'completed' : 'failed', now)
    }),
  )

const cancel = fc.nat().map((pick) =>
  command(`cancel(${pick})`, async (model, { harness }) => {
    const queued = model.jobs.filter(({ status }) => status === 'queued')
    const job = queued[pick % Math.max(1, queued.length)]
    if (!job) return
    const now = harness.clock.now()
    await harness.ledger.change(jobKey(job.id), (current) => lifecycle.cancel(current, { now }))
    model.end(job, 'cancelled', now)
  }),
)

const wait = fc
  .constantFrom(1, 400, 3_000)
  .map((ms) => command(`wait(${ms})`, async (_model, { harness }) => harness.clock.advance(ms)))

const crash = fc.constant(
  command('crash', async (_model, real) => {
    real.harness = await real.harness.crash()
  }),
)

const prune = fc.constantFrom(0, 1_000).map((agoMs) =>
  command(`prune(${agoMs})`, async (model, { harness }) => {
    const before = harness.clock.now() - agoMs
    expect(await harness.ledger.prune(before, 1_000)).toBe(model.prune(before))
  }),
)

const list = fc
  .record({
    status: fc.constantFrom<(JobStatus | undefined)[]>(undefined, ...jobStatuses),
    limit: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ status, limit }) =>
    command(`list(${status}, ${limit})`, async (model, { harness }) => {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await harness.ledger.list({ kind: 'job', status }, { limit, cursor })
        seen.push(...page.values.map((value) => (value as JobRecord).id))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      expect(seen).toEqual(model.newestFirst(status))
    }),
  )

const agree = fc.constant(
  command('agree', async (model, { harness }) => {
    expect(harness.ledger.counts().jobs).toEqual(model.counts())
    for (const job of model.jobs) {
      const record = await harness.ledger.read(jobKey(job.id))
      expect({ status: record?.status, host: record?.lease?.hostId }).toEqual({ status: job.status, host: job.host })
    }
  }),
)

export const commands = fc.commands([enqueue, enqueue, claim, claim, finish, cancel, wait, crash, prune, list, agree], {
  maxCommands: 60,
  size: 'max',
})
