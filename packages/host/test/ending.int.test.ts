import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { HostError, startHost } from '../src/index.ts'
import { isAlive } from './run-context.ts'
import { spawnHost } from './spawn-host.ts'
import { Bench, sh } from './start.ts'

const soon = { timeout: 15_000, interval: 20 }

describe('drain', () => {
  test('claims nothing more, finishes what runs, delivers it, and keeps beating meanwhile', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('running', sh('sleep 1'))
    const host = await bench.host()
    await vi.waitUntil(() => coordinator.of('heartbeat').at(-1)?.body.jobs?.[0], soon)
    const drained = host.drain()
    const beats = coordinator.of('heartbeat').length
    const late = coordinator.enqueue('late', sh('true'))
    await drained
    await host.closed
    expect(job.completion).toMatchObject({ success: true })
    expect(late.status).toBe('queued')
    expect(coordinator.of('heartbeat').length).toBeGreaterThan(beats)
    const after = coordinator.seen.length
    const again = await bench.host({ name: 'next' })
    await vi.waitUntil(() => late.status === 'completed', soon)
    expect(coordinator.seen.slice(after).every(({ id }) => id !== 'running')).toBe(true)
    expect(again.id).toBe(host.id)
  })

  test('ends and releases what still runs after drainMs, and reports no result for it', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('long', sh('sleep 60'))
    const host = await bench.host({ drainMs: 100 })
    await vi.waitUntil(() => job.status === 'leased', soon)
    await host.drain()
    expect(job.status).toBe('released')
    expect(coordinator.of('releaseJob').map(({ body }) => body)).toEqual([{ hostId: host.id, attempt: 1 }])
    expect(coordinator.of('completeJob')).toEqual([])
  })

  test('reports what had ended by itself, and does not have it done again', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const pidFile = path.join(bench.dir, 'job-pid')
    // The child that it leaves behind keeps the attempt open for a moment after its end.
    const job = coordinator.enqueue('done', sh(`(trap "" TERM; sleep 20) & echo $$ > ${pidFile}; exit 0`))
    const host = await bench.host({ killGraceMs: 5_000 })
    const pid = async () => Number(await readFile(pidFile, 'utf8').catch(() => ''))
    await vi.waitUntil(async () => (await pid()) > 0 && !(await isAlive(await pid())), soon)
    expect(job.status).toBe('leased')
    await host.stop()
    expect(coordinator.of('releaseJob')).toEqual([])
    expect(job.completion).toMatchObject({ success: true, exitCode: 0 })
  })

  test('gives back, unrun, what a claim under way still brings', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const host = await bench.host()
    await vi.waitUntil(() => coordinator.of('claimJobs').length > 0, soon)
    const drained = host.drain()
    const job = coordinator.enqueue('late', sh('true'))
    await drained
    expect(job.status).toBe('released')
    expect(coordinator.of('completeJob')).toEqual([])
  })

  test('is hurried by stop', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('long', sh('sleep 60'))
    const host = await bench.host({ drainMs: 60_000 })
    await vi.waitUntil(() => job.status === 'leased', soon)
    const drained = host.drain()
    await host.stop()
    await drained
    expect(job.status).toBe('released')
  })
})

describe('stop', () => {
  test('ends a host that never reached a coordinator', async () => {
    await using bench = await Bench.open()
    await bench.coordinator.stop()
    const host = await bench.host()
    await host.stop()
    await expect(host.closed).resolves.toBeUndefined()
  })

  test('is the same end however often it is called', async () => {
    await using bench = await Bench.open()
    const host = await bench.host()
    await Promise.all([host.stop(), host.stop(), host.drain()])
    await expect(host.stop()).resolves.toBeUndefined()
  })
})

describe('a host in a process of its own', () => {
  test('exits by itself, with code 0, after a drain', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('last', sh('sleep 0.5'))
    const child = await spawnHost(bench)
    await vi.waitUntil(() => job.status === 'leased', soon)
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    expect(job.status).toBe('completed')
  })

  test('that was killed leaves a folder that the next one takes, and results that the next one delivers', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    let refuse = true
    coordinator.before = (operation) => (operation === 'completeJob' && refuse ? 'hang' : undefined)
    const job = coordinator.enqueue('orphan', sh('echo survived'))
    const child = await spawnHost(bench)
    await vi.waitUntil(() => coordinator.of('completeJob').length > 0, soon)
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    expect(await readdir(path.join(bench.dir, 'spool'))).toEqual(['orphan.1.json'])
    refuse = false
    await bench.host()
    await vi.waitUntil(() => job.status === 'completed', soon)
    expect(job.completion).toMatchObject({ stdout: 'survived\n' })
  })

  test('keeps its folder from another process and another host of the same one, with one clear error', async () => {
    await using bench = await Bench.open()
    const child = await spawnHost(bench)
    const options = { coordinators: [bench.coordinator.url], dir: bench.dir }
    const error = await startHost(options).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HostError)
    expect(error).toMatchObject({ code: 'folder_in_use' })
    expect(String(error)).toContain(`is in use by another host (process ${child.pid}). Stop that host`)
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    const host = await bench.host()
    await expect(startHost(options)).rejects.toMatchObject({ code: 'folder_in_use' })
    await host.stop()
    await bench.host()
  })
})
