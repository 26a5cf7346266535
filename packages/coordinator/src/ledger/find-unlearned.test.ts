import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, shellJob } from '../../test/services.ts'
import { claimTag } from './record-key.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

test('records that were accepted here and not learned are completed at once, not one after another', async () => {
  const harness = await ledgers.createThree()
  const [here, there] = harness.nodes
  const { queue, claims, registerHost } = createServices({ ledger: here!.ledger, clock: harness.clock })
  const host = await registerHost('host-a')
  for (let count = 0; count < 3; count += 1) await queue.enqueue(shellJob)
  harness.network.loses = (_, { type }) => type === 'learn'
  const key = 'a'.repeat(64)
  await claims.claim(host, { max: 3, waitMs: 0, claim: { key, bodyHash: 'b'.repeat(64) } })
  // Nobody answers for a while, so that what has begun stays under way.
  harness.network.loses = () => true
  const found = there!.ledger.find(claimTag(key))
  for (let waits = 0; there!.mesh.status().rounds < 3 && waits < 300; waits += 1) await sleep(5)
  expect(there!.mesh.status().rounds).toBe(3)
  harness.network.loses = () => false
  expect(await found).toHaveLength(3)
  claims.close()
  await harness.close()
})
