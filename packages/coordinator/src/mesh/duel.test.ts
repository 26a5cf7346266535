import { afterAll, expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { hostRecord } from '../../test/records.ts'
import { write } from '../core/decision.ts'
import { hostKey } from '../ledger/record-key.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

/** Far less than it takes until an unreachable quorum is given up. */
const promptMs = 2_500

test('two that change a record at once, while the third is silent and counts as live, do not wait for it', async () => {
  const { network, nodes, close } = await ledgers.createThree()
  const [one, other, silent] = nodes
  network.loses = (to) => to === silent!.instance
  const changes = Array.from({ length: 12 }, async (_, index) => {
    const { ledger } = index % 2 === 0 ? one! : other!
    const startedAt = performance.now()
    const key = hostKey(`host-${index >> 1}`)
    await ledger.change(key, () => write({ ...hostRecord(`host-${index >> 1}`), name: `name-${index}` }))
    return performance.now() - startedAt
  })
  expect(Math.max(...(await Promise.all(changes)))).toBeLessThan(promptMs)
  await close()
})
