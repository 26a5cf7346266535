import { afterAll, describe, expect, test } from 'vitest'
import { LocalLedgers } from '../../test/local-ledgers.ts'
import { ledgerConformance } from './conformance.ts'
import { addJob } from './conformance/case.ts'
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
})
