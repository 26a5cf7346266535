import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Bench, sh } from './start.ts'

const soon = { timeout: 10_000, interval: 20 }

describe('a host', () => {
  test('registers with what it offers, runs a job, and reports result and fence', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('j1', sh('echo out; echo err >&2; exit 4'))
    const host = await bench.host({ labels: { zone: 'a' }, maxParallel: 3, capabilities: ['GPU', 'shell', 'openclaw'] })
    await vi.waitUntil(() => job.completion, soon)
    expect(coordinator.hosts.get(host.id)).toMatchObject({
      name: 'test',
      capabilities: ['gpu', 'shell'],
      maxParallel: 3,
      labels: { zone: 'a' },
    })
    expect(job.completion).toEqual({
      hostId: host.id,
      attempt: 1,
      success: false,
      exitCode: 4,
      stdout: 'out\n',
      stderr: 'err\n',
      durationMs: expect.any(Number),
      error: 'exited with code 4',
      usage: expect.objectContaining({ stdoutBytes: 4, stderrBytes: 4, truncated: false }),
    })
    await vi.waitUntil(async () => (await readdir(path.join(bench.dir, 'spool'))).length === 0, soon)
  })

  test('keeps its id over a restart', async () => {
    await using bench = await Bench.open()
    const first = await bench.host()
    await first.stop()
    await first.closed
    expect((await bench.host()).id).toBe(first.id)
    expect((await readFile(path.join(bench.dir, 'id'), 'utf8')).trim()).toBe(first.id)
  })

  test('runs maxParallel jobs at once and no more', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const marks = path.join(bench.dir, 'marks')
    for (let count = 0; count < 7; count++) {
      coordinator.enqueue(`j${count}`, sh(`echo + >>${marks}; sleep 0.2; echo - >>${marks}`))
    }
    await bench.host({ maxParallel: 3 })
    await vi.waitUntil(() => [...coordinator.jobs.values()].every((job) => job.status === 'completed'), soon)
    let atOnce = 0
    let most = 0
    for (const mark of (await readFile(marks, 'utf8')).trim().split('\n')) {
      atOnce += mark === '+' ? 1 : -1
      most = Math.max(most, atOnce)
    }
    expect(most).toBe(3)
    expect(Math.max(...coordinator.of('claimJobs').map(({ body }) => body.max ?? 1))).toBe(3)
  })

  test('tries to register until a coordinator is there, and registers again when it is unknown', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    await coordinator.stop()
    await bench.host()
    await coordinator.listen()
    await vi.waitUntil(() => coordinator.of('heartbeat').length > 0, soon)
    coordinator.hosts.clear()
    await vi.waitUntil(() => coordinator.of('registerHost').length === 2, soon)
    const job = coordinator.enqueue('later', sh('true'))
    await vi.waitUntil(() => job.status === 'completed', soon)
    expect(new Set(coordinator.of('registerHost').map(({ body }) => body.hostId)).size).toBe(1)
  })

  test('beats at least every third of the lease time with every job it holds, without an idempotency key', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.enqueue('held', sh('sleep 60'))
    await bench.host({ heartbeatMs: 60_000 })
    await vi.waitUntil(() => coordinator.jobs.get('held')?.status === 'leased', soon)
    const since = coordinator.of('heartbeat').length
    await vi.waitUntil(() => coordinator.of('heartbeat').length >= since + 6, soon)
    const beats = coordinator.of('heartbeat').slice(since + 1)
    for (const { body, key } of beats) {
      expect(body).toEqual({ activeLeases: 1, jobs: [{ id: 'held', attempt: 1 }] })
      expect(key).toBeUndefined()
    }
    const took = (beats.at(-1)?.at ?? 0) - (beats[0]?.at ?? 0)
    expect(took / (beats.length - 1)).toBeLessThan(coordinator.leaseMs / 2)
  })

  test('leaves every other beat out while it holds no job, and none from when it has one', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const heartbeatMs = 200
    await bench.host({ heartbeatMs })
    const beatsFrom = async (since: number) => {
      await vi.waitUntil(() => coordinator.of('heartbeat').length >= since + 5, soon)
      const at = coordinator.of('heartbeat').slice(since, since + 5)
      return ((at[4]?.at ?? 0) - (at[0]?.at ?? 0)) / 4
    }
    expect(await beatsFrom(2)).toBeGreaterThan(heartbeatMs * 1.9)
    coordinator.enqueue('held', sh('sleep 60'))
    await vi.waitUntil(() => coordinator.jobs.get('held')?.status === 'leased', soon)
    expect(await beatsFrom(coordinator.of('heartbeat').length)).toBeLessThan(heartbeatMs * 1.9)
  })

  test('repeats a claim whose answer was lost with the same key and body, and runs each job once', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const marks = path.join(bench.dir, 'marks')
    coordinator.before = (operation) => {
      return operation === 'claimJobs' && coordinator.of('claimJobs').length <= 2 ? 'drop-after' : undefined
    }
    const jobs = ['a', 'b'].map((id) => coordinator.enqueue(id, sh(`echo ${id} >>${marks}`)))
    await bench.host({ maxParallel: 2 })
    await vi.waitUntil(() => jobs.every((job) => job.status === 'completed'), soon)
    const [first, second, third, fourth] = coordinator.of('claimJobs')
    expect([second?.key, third?.key]).toEqual([first?.key, first?.key])
    expect([second?.body, third?.body]).toEqual([first?.body, first?.body])
    expect(fourth?.key).not.toBe(first?.key)
    expect((await readFile(marks, 'utf8')).trim().split('\n').toSorted()).toEqual(['a', 'b'])
  })

  test('does not start a job twice that an answer names again while it is held', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const marks = path.join(bench.dir, 'marks')
    const job = coordinator.enqueue('again', sh(`echo run >>${marks}; sleep 0.5`))
    await bench.host({ maxParallel: 2 })
    await vi.waitUntil(() => job.status === 'leased', soon)
    // The same attempt once more, as a coordinator that lost its memory would lease it.
    Object.assign(job, { status: 'queued', attempts: 0 })
    coordinator.wake()
    await vi.waitUntil(() => job.completion, soon)
    expect(await readFile(marks, 'utf8')).toBe('run\n')
  })

  test('learns the coordinators from the heartbeat and goes on with them when its own is gone', async () => {
    await using bench = await Bench.open()
    await using other = await Bench.open()
    bench.coordinator.coordinators = [other.coordinator.url]
    await bench.host()
    await vi.waitUntil(() => bench.coordinator.of('heartbeat').length > 0, soon)
    await bench.coordinator.stop()
    const job = other.coordinator.enqueue('elsewhere', sh('true'))
    await vi.waitUntil(() => job.completion, soon)
    expect(job.completion).toMatchObject({ success: true })
  })

  test('claims nothing while the coordinators ask it to drain', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.drain = true
    await bench.host({ claimWaitMs: 100 })
    // The claim that was sent before the first heartbeat is over by then.
    await vi.waitUntil(() => coordinator.of('heartbeat').length >= 5, soon)
    const job = coordinator.enqueue('waits', sh('true'))
    const claims = coordinator.of('claimJobs').length
    const beats = coordinator.of('heartbeat').length
    await vi.waitUntil(() => coordinator.of('heartbeat').length >= beats + 4, soon)
    expect(coordinator.of('claimJobs').length - claims).toBe(0)
    coordinator.drain = false
    await vi.waitUntil(() => job.status === 'completed', soon)
  })
})

describe('a job under way', () => {
  test('that is cancelled is ended and reported as failed with the error "cancelled"', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('c', sh('trap "exit 0" TERM; while :; do sleep 0.05; done'))
    await bench.host()
    await vi.waitUntil(() => job.status === 'leased', soon)
    coordinator.cancel = [{ id: 'c', attempt: 1 }]
    await vi.waitUntil(() => job.completion, soon)
    expect(job.completion).toMatchObject({ success: false, error: 'cancelled', attempt: 1 })
  })

  test('whose lease is lost is ended, its result dropped, and its slot free again', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const job = coordinator.enqueue('l', sh('sleep 60'))
    await bench.host()
    await vi.waitUntil(() => job.status === 'leased', soon)
    coordinator.lost = [{ id: 'l', attempt: 1 }]
    const next = coordinator.enqueue('next', sh('true'))
    await vi.waitUntil(() => next.status === 'completed', soon)
    expect(coordinator.of('completeJob').map(({ id }) => id)).toEqual(['next'])
    await vi.waitUntil(async () => (await readdir(path.join(bench.dir, 'spool'))).length === 0, soon)
  })

  test('is not touched by a cancellation of another attempt', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.cancel = [{ id: 'o', attempt: 2 }]
    coordinator.lost = [{ id: 'o', attempt: 3 }]
    const job = coordinator.enqueue('o', sh('sleep 0.8'))
    await bench.host()
    await vi.waitUntil(() => job.completion, soon)
    expect(job.completion).toMatchObject({ success: true })
  })

  test('is ended before a later attempt of the same job starts here', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const marks = path.join(bench.dir, 'marks')
    const script = `trap 'sleep 0.2; echo "end $$" >>${marks}; exit 0' TERM; echo "start $$" >>${marks}; while :; do sleep 0.05; done`
    const job = coordinator.enqueue('twice', sh(script))
    await bench.host({ maxParallel: 2 })
    await vi.waitUntil(async () => (await readFile(marks, 'utf8').catch(() => '')) !== '', soon)
    job.status = 'queued'
    coordinator.wake()
    await vi.waitUntil(async () => (await readFile(marks, 'utf8')).split('\n').length > 3, soon)
    expect(
      (await readFile(marks, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['start', 'end', 'start'])
    expect(coordinator.of('completeJob')).toEqual([])
  })
})
