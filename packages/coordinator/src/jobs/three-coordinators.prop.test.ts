import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, JobRecord } from '@skyclaw/protocol'
import { ProblemError } from '@skyclaw/protocol'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, report, shellJob } from '../../test/services.ts'
import { heartbeat } from '../hosts/heartbeat.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

const step = fc.record({
  kind: fc.constantFrom('enqueue', 'enqueue', 'claim', 'claim', 'complete', 'complete', 'release', 'cut', 'heal'),
  at: fc.nat({ max: 2 }),
  pick: fc.nat({ max: 1_000 }),
  max: fc.integer({ min: 1, max: 3 }),
  /** Whether the same call is made at another coordinator as well, as a client does that got no answer in time. */
  twice: fc.boolean(),
  pauseMs: fc.constantFrom(0, 0, 1, 5, 30),
})

const hash = (text: string) => text.padEnd(64, '0')

/** Stale reports are refused, and so is what no quorum answers for: that is as it should be. */
function rethrowUnlessProblem(error: unknown): undefined {
  if (error instanceof ProblemError) return undefined
  throw error
}

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 10_000; !(await holds());) {
    if (performance.now() > deadline) expect.fail(`waited in vain for ${what}`)
    await sleep(5)
  }
}

test('whatever hosts and clients do at three coordinators that lose sight of each other, no lease is given to two, and every job ends once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
      const harness = await ledgers.createThree()
      const { network, nodes, clock } = harness
      const services = nodes.map(({ ledger }) => createServices({ ledger, clock }))
      const at = (index: number) => services[index % services.length]!
      /** Lease to host, for all that was handed out. */
      const handed = new Map<string, string>()
      const held: { id: string; hostId: string; attempt: number }[] = []
      const acknowledged = new Set<string>()
      for (const [index, each] of services.entries()) await each.registerHost(`host-${index}`)
      await eventually('the hosts to be known', async () =>
        (await Promise.all(services.map(({ hosts }) => hosts.list({ limit: 9 })))).every(
          (page) => page.hosts.length === 3,
        ),
      )
      const claim = async (from: number, hostId: string, max: number, key: string, retried: boolean) => {
        const host = await at(from).hosts.hear(hostId)
        const jobs = await at(from).claims.claim(host, {
          ...{ max, waitMs: 20, retried },
          claim: { key: hash(key), bodyHash: hash('b') },
        })
        for (const { id, attempts } of jobs) {
          const lease = `${id} ${attempts}`
          expect(handed.get(lease) ?? hostId).toBe(hostId)
          if (!handed.has(lease)) held.push({ id, hostId, attempt: attempts })
          handed.set(lease, hostId)
        }
      }
      const enqueue = async (from: number, key: string) => {
        const { job } = await at(from).queue.enqueue(shellJob, key)
        acknowledged.add(job.id)
      }
      const act = (
        { kind, at: from, pick, max, twice }: (typeof steps)[number],
        number: number,
      ): Promise<unknown>[] => {
        const calls = twice ? [from, from + 1] : [from]
        if (kind === 'enqueue') return calls.map((where) => enqueue(where, `key-${number}`))
        if (kind === 'claim') {
          return calls.map((where, count) => claim(where, `host-${pick % 3}`, max, `${number}`, count > 0))
        }
        if (kind === 'cut') return [Promise.resolve(network.cut(nodes[from]!))]
        if (kind === 'heal') return [Promise.resolve(network.heal())]
        const [lease] = held.splice(pick % Math.max(1, held.length), 1)
        if (!lease) return []
        if (kind === 'release') return [at(from).queue.release(lease.id, lease)]
        return calls.map((where) => at(where).queue.complete(lease.id, report(lease.hostId, lease.attempt, true)))
      }
      const all: Promise<unknown>[] = []
      for (const [number, next] of steps.entries()) {
        all.push(...act(next, number).map((call) => call.catch(rethrowUnlessProblem)))
        await sleep(next.pauseMs)
      }
      network.heal()
      await Promise.all(all)

      // From here on all goes well. Leases that no host knows of are taken back by its heartbeat, and all that is left is done.
      const jobsAt = async (index: number): Promise<Job[]> => (await at(index).queue.list({ limit: 1_000 })).jobs
      const open = async (index: number) =>
        (await jobsAt(index)).filter(({ status }) => status === 'queued' || status === 'leased').length
      await eventually('every job to end', async () => {
        clock.advance(11_000)
        for (const [index, each] of services.entries()) {
          for (const other of [0, 1, 2]) await each.hosts.heardFrom(`host-${other}`)
          await heartbeat({ ...each, coordinators: () => [] }, `host-${index}`, { jobs: [] }).catch(
            rethrowUnlessProblem,
          )
          const host = await each.hosts.hear(`host-${index}`)
          const jobs: JobRecord[] = await each.claims.claim(host, { max: 10, waitMs: 0 })
          for (const { id, attempts } of jobs) {
            const lease = `${id} ${attempts}`
            expect(handed.has(lease)).toBe(false)
            handed.set(lease, host.id)
            await each.queue.complete(id, report(host.id, attempts, true)).catch(rethrowUnlessProblem)
          }
        }
        return (await Promise.all([0, 1, 2].map(open))).every((count) => count === 0)
      })
      for (const id of acknowledged) expect(await at(0).queue.get(id)).toMatchObject({ status: 'completed' })
      for (const { claims } of services) claims.close()
      await harness.close()
    }),
    { numRuns: 6, endOnFailure: true },
  )
}, 120_000)
