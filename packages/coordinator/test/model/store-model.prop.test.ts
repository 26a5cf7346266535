import fc from 'fast-check'
import { test } from 'vitest'
import { MeshLedgers } from '../mesh-ledgers.ts'
import { commands, type Real } from './commands.ts'
import { PlainQueue } from './plain-queue.ts'

test('the ledger on its store answers as a plain array would, over crashes too', { timeout: 60_000 }, async () => {
  using ledgers = new MeshLedgers()
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const real: Real = { harness: await ledgers.create() }
      try {
        await fc.asyncModelRun(() => ({ model: new PlainQueue(), real }), steps)
      } finally {
        await real.harness.close()
      }
    }),
    { numRuns: 120 },
  )
})
