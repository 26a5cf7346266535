import { type Job, type NewJob, ProblemError } from '@skyclaw/protocol'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, report, shellJob } from '../../test/services.ts'
import { rescueJobs } from './rescue.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

const offers = [['shell'], ['shell', 'gpu'], ['shell', 'ffmpeg'], ['shell', 'gpu', 'ffmpeg']]
const needs = [[], ['gpu'], ['ffmpeg'], ['gpu', 'ffmpeg']]
const hostIds = ['a', 'b', 'c', 'd']

const step = fc.record({
  kind: fc.constantFrom(
    'enqueue',
    'enqueue',
    'claim',
    'claim',
    'abort',
    'complete',
    'fail',
    'release',
    'register',
    'rescue',
  ),
  pick: fc.nat({ max: 1_000 }),
  priority: fc.integer({ min: -1, max: 1 }),
  max: fc.integer({ min: 1, max: 3 }),
  keyed: fc.boolean(),
  /** Whether the next step waits for this one's turn, or comes into the same turn. */
  settle: fc.boolean(),
})

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Stale reports and repeats under another body are refused: that is as it should be. */
function rethrowUnlessProblem(error: unknown): void {
  if (!(error instanceof ProblemError)) throw error
}

test('whatever hosts and clients do at once, no job waits beside a claim that could have it, and none is leased twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      const harness = await ledgers.create()
      const services = createServices(harness)
      const { queue, claims, hosts, clock } = services
      /** Lease to host, for all that was handed out; the lease is named by job and fence. */
      const handed = new Map<string, string>()
      const held: { id: string; hostId: string; attempt: number }[] = []
      const waiting = new Map<AbortController, string>()
      const offered = new Map(hostIds.map((id, index) => [id, offers[index % offers.length]!]))
      for (const [id, capabilities] of offered) await services.registerHost(id, capabilities)
      const claim = async (hostId: string, max: number, key: string | undefined) => {
        const caller = new AbortController()
        waiting.set(caller, hostId)
        const host = await hosts.hear(hostId)
        const named = key === undefined ? undefined : { key, bodyHash: 'b'.repeat(64) }
        const jobs = await claims.claim(host, { max, waitMs: 60_000, claim: named, signal: caller.signal })
        waiting.delete(caller)
        for (const { id, attempts } of jobs) {
          const lease = `${id} ${attempts}`
          expect(handed.get(lease) ?? hostId).toBe(hostId)
          handed.set(lease, hostId)
          held.push({ id, hostId, attempt: attempts })
        }
      }
      const act = ({ kind, pick, priority, max, keyed }: (typeof steps)[number]): Promise<unknown> => {
        const hostId = hostIds[pick % hostIds.length]!
        const lease = held.length > 0 && kind !== 'claim' ? held[pick % held.length] : undefined
        if (kind === 'enqueue') {
          const requiredCapabilities = needs[pick % needs.length]!
          const job: NewJob = { ...shellJob, priority, maxAttempts: 3, requirement: { requiredCapabilities } }
          return queue.enqueueBatch(Array.from({ length: max }, () => job))
        }
        if (kind === 'claim') return claim(hostId, max, keyed ? `${pick}`.padEnd(64, '0') : undefined)
        if (kind === 'abort') return Promise.resolve([...waiting.keys()][pick % Math.max(1, waiting.size)]?.abort())
        if (kind === 'register') {
          offered.set(hostId, offers[(pick + max) % offers.length]!)
          return services.registerHost(hostId, offered.get(hostId))
        }
        if (kind === 'rescue') return rescueJobs(services)
        if (!lease) return Promise.resolve()
        held.splice(held.indexOf(lease), 1)
        if (kind === 'release') return queue.release(lease.id, lease)
        return queue.complete(lease.id, report(lease.hostId, lease.attempt, kind === 'complete'))
      }
      const all: Promise<unknown>[] = []
      for (const next of steps) {
        all.push(act(next).catch(rethrowUnlessProblem))
        if (next.settle) await turns(2)
      }
      // Long enough for every retry, and for what is kept from the host at which it failed. The ledger's timer goes by real time; a claim
      // of somebody else announces as well what has become due.
      const bystander = await services.registerHost('bystander', [])
      for (let second = 0; second < 8; second += 1) {
        clock.advance(1_000)
        for (const id of hostIds) await hosts.heardFrom(id)
        await claims.claim(bystander, { max: 1, waitMs: 0 })
        await turns(6)
      }
      const { jobs } = await queue.list({ status: 'queued', limit: 1_000 })
      const patient = [...waiting].filter(([caller]) => !caller.signal.aborted).map(([, hostId]) => hostId)
      const fits = (job: Job, hostId: string) =>
        job.attemptHistory.at(-1)?.hostId !== hostId &&
        job.requirement.requiredCapabilities!.every((name) => offered.get(hostId)!.includes(name))
      expect(jobs.filter((job) => patient.some((hostId) => fits(job, hostId)))).toEqual([])
      claims.close()
      for (const caller of waiting.keys()) caller.abort()
      await Promise.all(all)
      await harness.close()
    }),
    { numRuns: 60 },
  )
})
