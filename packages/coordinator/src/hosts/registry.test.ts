import type { HostRecord } from '@skyclaw/protocol'
import { afterAll, expect, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { createServices } from '../../test/services.ts'
import { hostKey } from '../ledger/record-key.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

const shell = { requiredCapabilities: ['shell'] }

test('a host that others hear can be left a job after a restart, though it has not come here', async () => {
  const harness = await ledgers.create()
  await createServices(harness).registerHost('host-b')
  const again = await harness.crash()
  const { hosts, clock } = createServices(again)
  expect(hosts.anotherCanRun(shell, 'host-a')).toBe(false)
  await hosts.load()
  expect(hosts.anotherCanRun(shell, 'host-a')).toBe(false)
  hosts.sessions.hear('host-b', clock.monotonic(), 100)
  expect(hosts.anotherCanRun(shell, 'host-a')).toBe(true)
  await again.close()
})

test('a host of which there are two records is the older of them to whoever asks', async () => {
  const harness = await ledgers.create()
  const { hosts, registerHost, ledger, clock } = createServices(harness)
  const own = await registerHost('host-a')
  const [known] = (await ledger.feed(0, 1)).records
  const { seq: _seq, ...record } = known!
  const twin = (name: string, registeredAt: number, lineage: string) => ({
    ...record,
    key: hostKey('host-a').keyFor(lineage),
    value: { ...(record.value as HostRecord), name, registeredAt },
  })
  await ledger.merge([twin('younger', own.registeredAt + 1, '00000001')])
  expect((await hosts.hear('host-a')).name).toBe('host-a')
  await ledger.merge([twin('older', own.registeredAt - 1, '00000002')])
  expect((await hosts.hear('host-a')).name).toBe('older')
  expect(hosts.latest(own).name).toBe('older')
  const { hosts: listed } = await hosts.list({ limit: 10 })
  expect(listed).toMatchObject([{ id: 'host-a', name: 'older', live: true }])
  clock.advance(1)
  await registerHost('host-a', ['gpu'])
  expect((await hosts.list({ limit: 10 })).hosts).toMatchObject([{ name: 'host-a', capabilities: ['gpu'] }])
  await harness.close()
})

test('what is wanted of a host outlives a registration and a restart of the coordinator', async () => {
  const harness = await ledgers.create()
  const before = createServices(harness)
  await before.registerHost('host-a')
  await before.hosts.drain('host-a', 60_000)
  expect(before.hosts.view(await before.registerHost('host-a', ['gpu']))).toMatchObject({ state: 'drained' })
  const again = await harness.crash()
  const { hosts, registerHost } = createServices(again)
  expect(hosts.view(await registerHost('host-a'))).toMatchObject({ state: 'drained' })
  expect(hosts.view(await hosts.resume('host-a'))).toMatchObject({ state: 'active' })
  await again.close()
})

test('a deadline runs from when the coordinator knew of it, whatever the wall clock says, and a repeat gives no more time', async () => {
  const harness = await ledgers.create()
  const { hosts, registerHost, clock } = createServices(harness)
  await registerHost('host-a')
  expect(hosts.deadlineMs(await hosts.drain('host-a', 60_000))).toBe(60_000)
  clock.advance(20_000)
  const repeated = await hosts.drain('host-a', 60_000)
  expect(hosts.deadlineMs({ ...repeated, wanted: { ...repeated.wanted! } })).toBe(40_000)
  clock.advance(50_000)
  expect(hosts.deadlineMs(repeated)).toBe(0)
  expect(hosts.deadlineMs(await hosts.drain('host-a'))).toBeUndefined()
  await expect(hosts.drain('host-b', 0)).rejects.toMatchObject({ code: 'not_found' })
  await harness.close()
})
