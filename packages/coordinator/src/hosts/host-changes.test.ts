import { afterAll, beforeEach, expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices, report, shellJob } from '../../test/services.ts'
import { HostChanges } from './host-changes.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

let services: ReturnType<typeof createServices>
let changes: HostChanges
beforeEach(async () => {
  services = createServices(await ledgers.create())
  changes = new HostChanges(services.ledger, 'boot', 1)
})

async function leaseOne() {
  const host = await services.registerHost('host-a')
  const { job } = await services.queue.enqueue({ ...shellJob, maxAttempts: 2 })
  await services.claims.claim(host, { max: 1, waitMs: 0 })
  const seen = await changes.wait(host, { waitMs: 60_000 })
  return { host, id: job.id, seen, next: () => changes.wait(host, { seen, waitMs: 60_000 }) }
}

test('a host that comes without a mark, or with a strange one, is answered at once', async () => {
  const host = await services.registerHost('host-a')
  const seen = await changes.wait(host, { waitMs: 60_000 })
  expect(await changes.wait(host, { seen: 'other.1', waitMs: 60_000 })).toBe(seen)
  expect(await changes.wait(host, { seen, waitMs: 0 })).toBe(seen)
})

test('a cancellation is told to the host that runs the job, once', async () => {
  const { host, id, seen, next } = await leaseOne()
  const news = next()
  await services.queue.cancel(id)
  const told = await news
  expect(told).not.toBe(seen)
  await services.queue.cancel(id, 'again')
  expect(await changes.wait(host, { seen: told, waitMs: 1 })).toBe(told)
})

test('a lease that somebody else ended is told, and one that the host ended is not', async () => {
  const first = await leaseOne()
  const news = first.next()
  await services.queue.lose(await services.queue.record(first.id), 'silent', () => true)
  const seen = await news
  expect(seen).not.toBe(first.seen)
  services.clock.advance(4_000)
  services.hosts.sessions.hear('host-a', services.clock.monotonic())
  expect(await services.claims.claim(first.host, { max: 1, waitMs: 0 })).toHaveLength(1)
  await services.queue.complete(first.id, report('host-a', 2, true))
  expect(await changes.wait(first.host, { seen, waitMs: 1 })).toBe(seen)
})

test('a pause, a drain and a resume are told, and registering anew is not', async () => {
  const host = await services.registerHost('host-a')
  let seen = await changes.wait(host, { waitMs: 0 })
  for (const change of ['pause', 'drain', 'resume'] as const) {
    const news = changes.wait(host, { seen, waitMs: 60_000 })
    await services.hosts[change]('host-a')
    expect(await news).not.toBe(seen)
    seen = await news
  }
  await services.registerHost('host-a', ['gpu'])
  expect(await changes.wait(host, { seen, waitMs: 1 })).toBe(seen)
})

test('what happened before the host asked again is told at once', async () => {
  const { id, seen, next } = await leaseOne()
  await services.queue.cancel(id)
  expect(await next()).not.toBe(seen)
})

test('one host too many is refused as too_busy; waits end when the caller is gone or the coordinator closes', async () => {
  const { host, seen, next } = await leaseOne()
  const caller = new AbortController()
  const first = changes.wait(host, { seen, waitMs: 60_000, signal: caller.signal })
  await expect(next()).rejects.toMatchObject({ code: 'too_busy' })
  caller.abort()
  expect(await first).toBe(seen)
  const second = next()
  changes.close()
  expect(await second).toBe(seen)
})

test('a host that was forgotten gets a mark that it never had', async () => {
  const { host, seen } = await leaseOne()
  changes.forget(() => true)
  expect(await changes.wait(host, { seen, waitMs: 60_000 })).not.toBe(seen)
})
