import type { JobRecord } from '@skyclaw/protocol'
import { type Turn, type Turns, TurnsBusy } from '@skyclaw/store'
import { afterAll, describe, expect, test } from 'vitest'
import { type MeshHarness, MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, shellJob } from '../../test/services.ts'
import { keep } from '../core/decision.ts'
import { ledgerConformance } from './conformance.ts'
import { addJob, claimIds } from './conformance/case.ts'
import { hostKey, jobKey } from './record-key.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

describe('the ledger of a lone coordinator conforms to the port', () => {
  // oxlint-disable-next-line vitest/expect-expect -- the cases assert
  for (const { name, run } of ledgerConformance) test(name, () => run(() => ledgers.create()))
})

describe('the ledger of one of three coordinators conforms to the port', () => {
  // oxlint-disable-next-line vitest/expect-expect -- the cases assert
  for (const { name, run } of ledgerConformance) test(name, () => run(() => ledgers.createThree()))
})

describe('the ledger of a lone coordinator', () => {
  test('makes no record where more coordinators are asked for than there are, and says that nothing was written', async () => {
    const harness = await ledgers.create(2)
    const problem = { problem: { code: 'insufficient_replicas', outcome: 'not_applied' } }
    await expect(addJob(harness, 'a')).rejects.toMatchObject(problem)
    await expect(createServices(harness).registerHost('host-a')).rejects.toMatchObject(problem)
    expect(await harness.ledger.read(jobKey('a'))).toBeNull()
    expect(await harness.ledger.read(hostKey('host-a'))).toBeNull()
    expect(harness.ledger.durability).toEqual({ replicas: 1, minimum: 2, standalone: true })
    await harness.close()
  })

  test('does not count on from the sequence number of a record that was merged, however large', async () => {
    const harness = await ledgers.create()
    await addJob(harness, 'a')
    const [known] = (await harness.ledger.feed(0, 1)).records
    const { seq: _seq, ...record } = known!
    const value = { ...(record.value as JobRecord), id: 'b', sequence: 8_000_000_000_000_000 }
    await harness.ledger.merge([{ ...record, key: jobKey('b'), value }])
    const again = await harness.crash()
    const { ledger, clock } = again
    const inTwoDays = clock.now() + 2 * 86_400_000
    expect(ledger.nextSequence(clock.now())).toBeLessThan(ledger.nextSequence(inTwoDays))
    expect(ledger.nextSequence(inTwoDays)).toBeLessThan(7_000_000_000_000_000)
    await again.close()
  })

  test('promotes a scheduled record though the turns were too busy when its time came', async () => {
    const { harness, turns } = await busyLedger()
    const { ledger, clock } = harness
    const due = Promise.withResolvers<string>()
    ledger.watchDue(({ id }) => due.resolve(id))
    await addJob(harness, 'a', { runAt: new Date(clock.now() + 20).toISOString() })
    turns.refusals = 1
    clock.advance(20)
    await expect(due.promise).resolves.toBe('a')
    expect(turns.refusals).toBe(0)
    await harness.close()
  })

  test('announces a scheduled record whose time had come when it was written anew, before the timer saw it', async () => {
    const harness = await ledgers.create()
    const { ledger, clock, node } = harness
    await addJob(harness, 'a', { runAt: new Date(clock.now() + 20).toISOString() })
    const due: string[] = []
    ledger.watchDue(({ id }) => void due.push(id))
    clock.advance(20)
    const known = (await ledger.feed(0, 1)).records[0]!
    const { seq: _seq, ...record } = known
    const ballot = { ...record.version.ballot, n: record.version.ballot.n + 1_000 }
    await node.driver.run((step, mesh) => mesh.merge(step, [{ ...record, version: { ...record.version, ballot } }]))
    expect(due).toEqual(['a'])
    expect(await claimIds(harness, 1)).toEqual(['a'])
    await harness.close()
  })

  test('refuses what the turns are too busy for with a problem, which a batch states for each item', async () => {
    const { harness, turns } = await busyLedger()
    const { queue } = createServices(harness)
    turns.refusals = 1
    const refused = { problem: { code: 'too_busy', outcome: 'not_applied' } }
    expect(await queue.enqueueBatch([shellJob, shellJob])).toMatchObject([refused, refused])
    expect(await queue.enqueueBatch([shellJob, shellJob])).toMatchObject([{ job: {} }, { job: {} }])
    await harness.ledger.close()
    await expect(queue.enqueue(shellJob)).rejects.toMatchObject({ code: 'shutting_down' })
    await harness.close()
  })

  test('a page of the feed, brief or whole, is read when all that it may tell is durable', async () => {
    const { harness, turns } = await busyLedger()
    await addJob(harness, 'a')
    for (const brief of [true, false]) {
      const { settled } = turns
      await harness.ledger.feed(0, 1, { brief })
      expect(turns.settled).toBe(settled + 1)
    }
    await harness.close()
  })

  test('a change whose decision writes over what has ended is an error, and changes nothing', async () => {
    const harness = await ledgers.create()
    const { queue } = createServices(harness)
    const { job } = await queue.enqueue(shellJob)
    await queue.cancel(job.id)
    const ended = await harness.ledger.read(jobKey(job.id))
    await expect(
      harness.ledger.change(jobKey(job.id), (value) => ({ kind: 'write', value: { ...value!, priority: 1 } })),
    ).rejects.toThrow('final')
    expect((await harness.ledger.change(jobKey(job.id), () => keep)).value).toEqual(ended)
    await harness.close()
  })
})

/** A ledger whose turns refuse the next so many inputs. */
async function busyLedger(): Promise<{ harness: MeshHarness; turns: { refusals: number; settled: number } }> {
  const state = { refusals: 0, settled: 0 }
  const wrap = (inner: Turns): Turns => ({
    get number() {
      return inner.number
    },
    get waiting() {
      return inner.waiting
    },
    settle() {
      state.settled += 1
      inner.settle()
    },
    settleOpen() {
      inner.settleOpen()
    },
    run<T>(work: (turn: Turn) => T): Promise<T> {
      if (state.refusals === 0) return inner.run(work)
      state.refusals -= 1
      return Promise.reject(new TurnsBusy('too many wait'))
    },
    close: () => inner.close(),
  })
  return { harness: await ledgers.create(1, wrap), turns: state }
}
