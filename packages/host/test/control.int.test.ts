import { describe, expect, test, vi } from 'vitest'
import { Bench, sh } from './start.ts'

const soon = { timeout: 10_000, interval: 20 }

describe('what changes at the coordinators', () => {
  test('is asked for at once: a cancelled job ends within a second, however rare heartbeats are', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.leaseMs = 60_000
    const job = coordinator.enqueue('c', sh('exec sleep 60'))
    await bench.host({ heartbeatMs: 20_000 })
    await vi.waitUntil(() => job.status === 'leased' && coordinator.of('watchHost').length > 1, soon)
    const beats = coordinator.of('heartbeat').length
    coordinator.cancel = [{ id: 'c', attempt: 1 }]
    const startedAt = performance.now()
    coordinator.change()
    await vi.waitUntil(() => job.completion, soon)
    expect((coordinator.of('heartbeat')[beats]?.at ?? Infinity) - startedAt).toBeLessThan(1_000)
    expect(job.completion).toMatchObject({ success: false, error: 'cancelled' })
    expect(coordinator.of('heartbeat').length - beats).toBeLessThanOrEqual(2)
  })

  test('is asked for at most ten times a second, however often it changes', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.leaseMs = 60_000
    coordinator.enqueue('long', sh('exec sleep 60'))
    await bench.host({ heartbeatMs: 20_000 })
    await vi.waitUntil(() => coordinator.of('watchHost').length > 1, soon)
    const since = coordinator.of('heartbeat').length
    const startedAt = performance.now()
    const changing = setInterval(() => coordinator.change(), 2)
    await vi.waitUntil(() => coordinator.of('heartbeat').length >= since + 8, soon)
    clearInterval(changing)
    expect(performance.now() - startedAt).toBeGreaterThan(650)
    const watches = coordinator.of('watchHost').filter(({ at }) => at > startedAt)
    expect(watches.length).toBeLessThan((performance.now() - startedAt) / 90 + 2)
  })

  test('comes by the heartbeat alone where the coordinators do not know the question', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.before = (operation) => (operation === 'watchHost' ? 'method_not_allowed' : undefined)
    const job = coordinator.enqueue('c', sh('exec sleep 60'))
    await bench.host()
    await vi.waitUntil(() => job.status === 'leased', soon)
    coordinator.cancel = [{ id: 'c', attempt: 1 }]
    await vi.waitUntil(() => job.completion, soon)
    expect(coordinator.of('watchHost').length).toBeLessThan(4)
  })
})

describe('a host that is paused', () => {
  test('ends its waiting claim, claims nothing, lets run what runs, and goes on when it is resumed', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const running = coordinator.enqueue('running', sh('sleep 1.2'))
    await bench.host({ maxParallel: 2, claimWaitMs: 20_000 })
    await vi.waitUntil(() => running.status === 'leased', soon)
    await vi.waitUntil(() => coordinator.of('claimJobs').length > 1, soon)
    coordinator.state = 'paused'
    coordinator.change()
    await vi.waitUntil(() => coordinator.of('heartbeat').length > 2, soon)
    const claims = coordinator.of('claimJobs').length
    await vi.waitUntil(() => running.completion, soon)
    // The claim that waited was given up: the job stays.
    const next = coordinator.enqueue('next', sh('true'))
    const beats = coordinator.of('heartbeat').length
    await vi.waitUntil(() => coordinator.of('heartbeat').length > beats + 2, soon)
    expect(coordinator.of('claimJobs').length).toBe(claims)
    expect(next.status).toBe('queued')
    coordinator.state = 'active'
    coordinator.change()
    await vi.waitUntil(() => next.completion, soon)
    expect(running.completion).toMatchObject({ success: true })
  })

  test('gives back what a claim still brings that was under way', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.leaseMs = 60_000
    coordinator.enqueue('long', sh('exec sleep 60'))
    await bench.host({ heartbeatMs: 20_000, maxParallel: 2 })
    await vi.waitUntil(() => coordinator.of('claimJobs').length > 1 && coordinator.of('watchHost').length > 1, soon)
    coordinator.state = 'paused'
    const beats = coordinator.of('heartbeat').length
    coordinator.change()
    await vi.waitUntil(() => coordinator.of('heartbeat').length > beats, soon)
    const job = coordinator.enqueue('late', sh('true'))
    await vi.waitUntil(() => job.status === 'released', soon)
    expect(coordinator.of('completeJob')).toEqual([])
  })

  test('hears of it by its claim while it holds no job, asks for changes from then on, and hears by that that it is resumed', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.leaseMs = 60_000
    coordinator.endsClaims = true
    await bench.host({ heartbeatMs: 20_000, claimWaitMs: 20_000 })
    await vi.waitUntil(() => coordinator.of('claimJobs').length > 0, soon)
    const beats = coordinator.of('heartbeat').length
    expect(coordinator.of('watchHost')).toEqual([])
    const startedAt = performance.now()
    coordinator.state = 'paused'
    coordinator.change()
    await vi.waitUntil(() => coordinator.of('heartbeat').length > beats && coordinator.of('watchHost').length > 1, soon)
    const job = coordinator.enqueue('next', sh('true'))
    expect(coordinator.of('claimJobs')).toHaveLength(1)
    coordinator.state = 'active'
    coordinator.change()
    await vi.waitUntil(() => job.completion, soon)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  test('asks for no changes while it has no job and its claim waits, also after a job', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    await bench.host({ claimWaitMs: 1_000 })
    await vi.waitUntil(() => coordinator.of('claimJobs').length > 1, soon)
    expect(coordinator.of('watchHost')).toEqual([])
    const job = coordinator.enqueue('short', sh('sleep 0.2'))
    await vi.waitUntil(() => job.completion, soon)
    const watches = coordinator.of('watchHost').length
    expect(watches).toBeGreaterThan(0)
    const claims = coordinator.of('claimJobs').length
    coordinator.change()
    await vi.waitUntil(() => coordinator.of('claimJobs').length > claims + 1, soon)
    expect(coordinator.of('watchHost')).toHaveLength(watches)
  })

  test('asks for changes all the time when its claims wait so shortly that they tell nothing', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.leaseMs = 60_000
    await bench.host({ heartbeatMs: 20_000, claimWaitMs: 100 })
    await vi.waitUntil(() => coordinator.of('watchHost').length > 1, soon)
    const beats = coordinator.of('heartbeat').length
    const startedAt = performance.now()
    coordinator.change()
    await vi.waitUntil(() => coordinator.of('heartbeat').length > beats, soon)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

describe('a host that drains', () => {
  test('claims nothing after a restart either', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.state = 'draining'
    const job = coordinator.enqueue('waits', sh('true'))
    await bench.host()
    await vi.waitUntil(() => coordinator.of('heartbeat').length > 2, soon)
    expect(coordinator.of('claimJobs')).toEqual([])
    coordinator.state = 'active'
    await vi.waitUntil(() => job.completion, soon)
  })

  test('ends and hands back what runs when its deadline is there, keeps beating, and takes jobs again when it is resumed', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('long', sh('exec sleep 60'))
    await bench.host()
    await vi.waitUntil(() => job.status === 'leased', soon)
    const startedAt = performance.now()
    // What is left of the time is told anew by each answer.
    Object.defineProperty(coordinator, 'deadlineMs', {
      get: () => Math.max(0, Math.round(startedAt + 600 - performance.now())),
    })
    coordinator.state = 'draining'
    coordinator.change()
    await vi.waitUntil(() => job.status === 'released', soon)
    expect(performance.now() - startedAt).toBeGreaterThan(550)
    expect(coordinator.of('completeJob')).toEqual([])
    coordinator.state = 'drained'
    const beats = coordinator.of('heartbeat').length
    await vi.waitUntil(() => coordinator.of('heartbeat').length > beats + 1, soon)
    coordinator.state = 'active'
    const next = coordinator.enqueue('next', sh('true'))
    await vi.waitUntil(() => next.completion, soon)
  })

  test('lets run what runs when there is no deadline, or it was resumed before', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('short', sh('sleep 1'))
    await bench.host()
    await vi.waitUntil(() => job.status === 'leased', soon)
    coordinator.state = 'draining'
    coordinator.deadlineMs = 400
    coordinator.change()
    const beats = coordinator.of('heartbeat').length
    await vi.waitUntil(() => coordinator.of('heartbeat').length > beats, soon)
    coordinator.deadlineMs = undefined
    await vi.waitUntil(() => job.completion, soon)
    expect(job.completion).toMatchObject({ success: true })
  })
})
