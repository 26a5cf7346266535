import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { MeshLedgers, type NetworkHarness } from '../../test/mesh-ledgers.ts'
import { createServices, shellJob } from '../../test/services.ts'
import { HostChanges } from './host-changes.ts'

const ledgers = new MeshLedgers()
let harness: NetworkHarness
beforeAll(async () => {
  harness = await ledgers.createThree()
})
afterAll(async () => {
  await harness.close()
  ledgers[Symbol.dispose]()
})

test('a host that is paused at one coordinator is given nothing at another, and jobs at once when a third resumes it', async () => {
  const [a, b, c] = harness.nodes.map(({ ledger }) => createServices({ ledger, clock: harness.clock }))
  const host = await b!.registerHost('host-a')
  const changes = new HostChanges(b!.ledger, 'boot', 10)
  let seen = await changes.wait(host, { waitMs: 0 })
  const news = async (change: Promise<unknown>) => {
    const mark = await changes.wait(host, { seen, waitMs: 60_000 })
    expect(mark).not.toBe(seen)
    seen = mark
    await change
  }
  await news(a!.hosts.pause('host-a'))
  const { job } = await a!.queue.enqueue(shellJob)
  await vi.waitFor(async () => expect((await b!.queue.list({ limit: 1 })).jobs).toMatchObject([{ id: job.id }]))
  const claim = () => b!.claims.claim(host, { max: 1, waitMs: 60_000 })
  expect(await claim()).toEqual([])
  await news(c!.hosts.resume('host-a'))
  expect((await claim()).map(({ id }) => id)).toEqual([job.id])
  await news(a!.queue.cancel(job.id))
})
