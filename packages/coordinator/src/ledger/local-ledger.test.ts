import { createTurns, openStore, type Turn, TurnsBusy } from '@skyclaw/store'
import { afterAll, describe, expect, test } from 'vitest'
import { LocalLedgers } from '../../test/local-ledgers.ts'
import { createServices, shellJob } from '../../test/services.ts'
import { ledgerConformance, ManualClock } from './conformance.ts'
import { addJob } from './conformance/case.ts'
import { LocalLedger } from './local-ledger.ts'
import { jobKey } from './record-key.ts'

const ledgers = new LocalLedgers()
afterAll(() => ledgers[Symbol.dispose]())

describe('the local ledger conforms to the port', () => {
  // oxlint-disable-next-line vitest/expect-expect -- the cases assert
  for (const { name, run } of ledgerConformance) test(name, () => run(() => ledgers.create()))
})

describe('the local ledger', () => {
  test('refuses changes, and says that nothing was written, where more replicas are asked for than there are', async () => {
    const harness = await ledgers.create(2)
    const change = addJob(harness, 'a')
    await expect(change).rejects.toMatchObject({ problem: { code: 'insufficient_replicas', outcome: 'not_applied' } })
    expect(await harness.ledger.read(jobKey('a'))).toBeNull()
    await harness.close()
  })

  test('does not count on from the sequence number of a record that was merged, however large', async () => {
    const harness = await ledgers.create()
    const job = await addJob(harness, 'a')
    const version = { generation: 0, ballot: { n: 1, node: 'z' } }
    const value = { ...job, id: 'b', sequence: 8_000_000_000_000_000 }
    await harness.ledger.merge([{ key: jobKey('b'), version, writtenAt: job.createdAt, value }])
    const again = await harness.crash()
    const { ledger, clock } = again
    const inTwoDays = clock.now() + 2 * 86_400_000
    expect(ledger.nextSequence(clock.now())).toBeLessThan(ledger.nextSequence(inTwoDays))
    expect(ledger.nextSequence(inTwoDays)).toBeLessThan(7_000_000_000_000_000)
    await again.close()
  })

  test('promotes a scheduled record though the turns were too busy when its time came', async () => {
    const { ledger, clock, turns } = busyLedger()
    const due = Promise.withResolvers<string>()
    ledger.watch((value, isDue) => {
      if (isDue && value.kind === 'job') due.resolve(value.id)
    })
    await addJob({ ledger, clock }, 'a', { runAt: new Date(clock.now() + 20).toISOString() })
    turns.refusals = 1
    clock.advance(20)
    await expect(due.promise).resolves.toBe('a')
    expect(turns.refusals).toBe(0)
    await ledger.close()
  })

  test('refuses what the turns are too busy for with a problem, which a batch states for the item alone', async () => {
    const { ledger, clock, turns } = busyLedger()
    const { queue } = createServices({ ledger, clock })
    turns.refusals = 1
    const results = await queue.enqueueBatch([shellJob, shellJob])
    expect(results).toMatchObject([{ problem: { code: 'too_busy', outcome: 'not_applied' } }, { job: {} }])
    await ledger.close()
    await expect(queue.enqueue(shellJob)).rejects.toMatchObject({ code: 'shutting_down' })
  })
})

/** A ledger whose turns refuse the next so many inputs. */
function busyLedger() {
  const store = openStore({ path: ':memory:' })
  const clock = new ManualClock()
  const inner = createTurns(store, { onFatal: (error) => expect.fail(error.message) })
  const turns = {
    refusals: 0,
    number: 0,
    waiting: 0,
    run: <T>(work: (turn: Turn) => T): Promise<T> => {
      if (turns.refusals === 0) return inner.run(work)
      turns.refusals -= 1
      return Promise.reject(new TurnsBusy('too many wait'))
    },
    close: () => inner.close(),
  }
  return { ledger: new LocalLedger({ store, turns, clock, minReplications: 1 }), clock, turns }
}
