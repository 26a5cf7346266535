import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { FakeCoordinator } from './fake-coordinator.ts'
import { Bench, sh } from './start.ts'

const fileOf = (bench: Bench) => path.join(bench.dir, 'coordinators.json')

test('a host goes on at a learned coordinator, and finds it again after a restart without the configured one', async () => {
  await using bench = await Bench.open()
  await using other = await FakeCoordinator.start()
  bench.coordinator.coordinators = [bench.coordinator.url, other.url]
  const host = await bench.host({ heartbeatMs: 100 })
  await expect.poll(() => existsSync(fileOf(bench))).toBe(true)
  await bench.coordinator.stop()
  await expect.poll(() => other.of('heartbeat').length, { timeout: 10_000 }).toBeGreaterThan(0)
  await host.stop()
  const before = other.of('registerHost').length
  const job = other.enqueue('j1', sh('echo hi'))
  await bench.host()
  await expect.poll(() => job.status, { timeout: 10_000 }).toBe('completed')
  expect(other.of('registerHost').length).toBeGreaterThan(before)
})

test('a host that is not to learn keeps to the coordinators that it was given', async () => {
  await using bench = await Bench.open()
  await using other = await FakeCoordinator.start()
  bench.coordinator.coordinators = [other.url]
  const host = await bench.host({ heartbeatMs: 100, learn: false })
  await expect.poll(() => bench.coordinator.of('heartbeat').length).toBeGreaterThan(2)
  await bench.coordinator.stop()
  await bench.coordinator.listen()
  const beats = bench.coordinator.of('heartbeat').length
  await expect.poll(() => bench.coordinator.of('heartbeat').length, { timeout: 10_000 }).toBeGreaterThan(beats)
  await host.stop()
  expect(other.seen).toEqual([])
  expect(existsSync(fileOf(bench))).toBe(false)
})

test('what a coordinator names that is no URL of one is neither asked nor remembered', async () => {
  await using bench = await Bench.open()
  bench.coordinator.coordinators = ['javascript:alert(1)', 'http://u:p@127.0.0.1:1', 'http://0.0.0.0:1', '127.0.0.1:2']
  const host = await bench.host({ heartbeatMs: 100 })
  await expect.poll(() => bench.coordinator.of('heartbeat').length).toBeGreaterThan(2)
  bench.coordinator.coordinators.push('http://127.0.0.1:3')
  await expect.poll(() => existsSync(fileOf(bench))).toBe(true)
  await host.stop()
  expect(JSON.parse(await readFile(fileOf(bench), 'utf8'))).toMatchObject({ learned: ['http://127.0.0.1:3'] })
})
