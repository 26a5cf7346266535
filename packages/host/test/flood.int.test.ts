import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { FakeCoordinator } from './fake-coordinator.ts'
import { spawnHost } from './spawn-host.ts'
import { Bench, sh } from './start.ts'

const soon = { timeout: 50_000, interval: 20 }
const gigabyte = 1_000_000_000
const leaseMs = 2_000
/** A beat that comes half a lease time late still leaves time for another one. */
const inTimeMs = leaseMs / 3 + leaseMs / 2

/** The most memory that a process has had, in bytes. */
async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1_024
}

/** The longest time between two heartbeats. */
function longestGapMs(coordinator: FakeCoordinator): number {
  const times = coordinator.of('heartbeat').map(({ at }) => at)
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)))
}

describe.runIf(process.platform === 'linux')('a job that writes as fast as it can', { timeout: 60_000 }, () => {
  test('a gigabyte in one endless line costs the host little memory and no heartbeat, and head and tail are kept', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.leaseMs = leaseMs
    const child = await spawnHost(bench, { maxParallel: 1 })
    const pid = child.pid ?? 0
    await vi.waitUntil(() => coordinator.of('claimJobs').length > 0, soon)
    const before = await peakBytes(pid)
    const job = coordinator.enqueue('flood', sh(`printf BEGIN; head -c ${gigabyte} /dev/zero | tr '\\0' x; printf END`))
    await vi.waitUntil(() => job.completion && coordinator.logs.of('flood').closed, soon)
    expect((await peakBytes(pid)) - before).toBeLessThan(150_000_000)
    expect(longestGapMs(coordinator)).toBeLessThan(inTimeMs)
    const log = coordinator.logs.of('flood')
    expect(log.sizes.stdout).toBe(gigabyte + 8)
    const head = log.bytes('stdout').subarray(0, 2_097_152)
    expect(head.equals(Buffer.from(`BEGIN${'x'.repeat(2_097_147)}`))).toBe(true)
    expect(log.pieces.stdout[0]?.offset).toBe(0)
    const tail = log.pieces.stdout.filter(({ offset }) => offset >= gigabyte + 8 - 1_500_000)
    expect(tail.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(1_400_000)
    expect(log.stdout.endsWith('xxxEND')).toBe(true)
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  })

  test('costs no heartbeat while four times as many jobs as there are processors are busy', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.leaseMs = leaseMs
    const count = 4 * availableParallelism()
    const stop = path.join(bench.dir, 'stop')
    const child = await spawnHost(bench, { maxParallel: count + 1 })
    for (let index = 0; index < count; index++) {
      coordinator.enqueue(`busy${index}`, sh(`while [ ! -e ${stop} ]; do :; done`))
    }
    const job = coordinator.enqueue('yes', sh(`yes | head -c ${gigabyte / 10}; touch ${stop}`))
    await vi.waitUntil(() => [...coordinator.jobs.values()].every(({ completion }) => completion), soon)
    expect(longestGapMs(coordinator)).toBeLessThan(inTimeMs)
    expect(job.completion).toMatchObject({ success: true })
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  })
})
