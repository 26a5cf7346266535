import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { maxDeliveries } from '../src/in-turn.ts'
import { Bench, sh } from './start.ts'

const soon = { timeout: 10_000, interval: 20 }

async function filesIn(bench: Bench, folder: 'spool' | 'rejected'): Promise<string[]> {
  return readdir(path.join(bench.dir, folder))
}

/** Results of jobs `j0`, `j1` and so on that an earlier run left. */
async function spooled(bench: Bench, count: number, change: (index: number) => object = () => ({})): Promise<void> {
  await mkdir(path.join(bench.dir, 'spool'))
  for (let index = 0; index < count; index++) {
    const body = { hostId: 'h', attempt: 1, success: true, exitCode: 0, durationMs: 1, stdout: '', stderr: '' }
    const result = { jobId: `j${index}`, attempt: 1, idempotencyKey: `k${index}`, body: { ...body, ...change(index) } }
    await writeFile(path.join(bench.dir, 'spool', `j${index}.1.json`), JSON.stringify(result))
    Object.assign(bench.coordinator.enqueue(`j${index}`, sh('true')), { status: 'leased', attempts: 1 })
  }
}

describe('results that wait together', () => {
  test('leave together, and each is dropped, set aside or sent again by what is said of it alone', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    await spooled(bench, 120)
    let isBusy = true
    coordinator.before = (operation, { id }) => {
      if (operation !== 'completeJob') return undefined
      if (id === 'j1') return 'lease_lost'
      if (id === 'j2') return 'not_found'
      const trouble = id === 'j3' && isBusy ? 'quorum_unreachable' : undefined
      if (trouble) isBusy = false
      return trouble
    }
    await bench.host({ maxParallel: 1 })
    await vi.waitUntil(async () => (await filesIn(bench, 'spool')).length === 0, soon)
    expect(coordinator.of('completeJobs').map(({ body }) => body.reports?.length)).toEqual([100, 20])
    expect(coordinator.of('completeJob').filter(({ id }) => id === 'j3')).toHaveLength(2)
    expect(await filesIn(bench, 'rejected')).toEqual([expect.stringMatching(/^\d+-j2\.1\.json$/)])
    const completed = [...coordinator.jobs.values()].filter(({ status }) => status === 'completed')
    expect(completed).toHaveLength(118)
  })

  test('leave one by one when a coordinator does not know how to take several, or refuses them as a whole', async () => {
    for (const isOld of [true, false]) {
      await using bench = await Bench.open()
      const { coordinator } = bench
      coordinator.knowsCompleteJobs = !isOld
      coordinator.before = (operation) => (operation === 'completeJobs' ? 'invalid_request' : undefined)
      await spooled(bench, 10)
      await bench.host()
      await vi.waitUntil(async () => (await filesIn(bench, 'spool')).length === 0, soon)
      const keys = coordinator.of('completeJob').map(({ key }) => key)
      expect(new Set(keys)).toEqual(new Set(Array.from({ length: 10 }, (_, index) => `k${index}`)))
      expect(keys).toHaveLength(10)
    }
  })

  test('leave in several requests when their outputs are large', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    await spooled(bench, 6, () => ({ stdout: 'x'.repeat(900_000) }))
    await bench.host()
    await vi.waitUntil(async () => (await filesIn(bench, 'spool')).length === 0, soon)
    expect(coordinator.of('completeJobs').map(({ body }) => body.reports?.length)).toEqual([2, 2, 2])
  })
})

describe('a result', () => {
  test('is on disk before it is sent, and is sent with one key until it is acknowledged', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const onDisk: Promise<string[]>[] = []
    coordinator.before = (operation) => {
      if (operation !== 'completeJob') return undefined
      onDisk.push(filesIn(bench, 'spool'))
      return (['quorum_unreachable', 'drop', 'unauthorized'] as const)[onDisk.length - 1]
    }
    const job = coordinator.enqueue('j', sh('echo hi'))
    await bench.host()
    await vi.waitUntil(() => job.status === 'completed', soon)
    expect(await Promise.all(onDisk)).toEqual(Array.from({ length: 4 }, () => ['j.1.json']))
    expect(new Set(coordinator.of('completeJob').map(({ key }) => key)).size).toBe(1)
    await vi.waitUntil(async () => (await filesIn(bench, 'spool')).length === 0, soon)
  })

  test('that could not be delivered is delivered after a restart, with the same key, and held by the heartbeat till then', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    let refuse = true
    coordinator.before = (operation) => (operation === 'completeJob' && refuse ? 'quorum_unreachable' : undefined)
    const job = coordinator.enqueue('late', sh('echo kept'))
    const host = await bench.host({ deliverMs: 50 })
    await vi.waitUntil(() => coordinator.of('completeJob').length > 0, soon)
    const beats = coordinator.of('heartbeat').length
    await vi.waitUntil(() => coordinator.of('heartbeat').length > beats + 1, soon)
    expect(coordinator.of('heartbeat').at(-1)?.body.jobs).toEqual([{ id: 'late', attempt: 1 }])
    await host.stop()
    expect(await filesIn(bench, 'spool')).toEqual(['late.1.json'])

    refuse = false
    await bench.host()
    await vi.waitUntil(() => job.status === 'completed', soon)
    expect(job.completion).toMatchObject({ stdout: 'kept\n', hostId: host.id })
    expect(new Set(coordinator.of('completeJob').map(({ key }) => key)).size).toBe(1)
    await vi.waitUntil(async () => (await filesIn(bench, 'spool')).length === 0, soon)
  })

  test('of a lost lease is dropped, and one refused for good is set aside', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.before = (operation, { id }) => {
      if (operation !== 'completeJob') return undefined
      return id === 'stale' ? 'lease_lost' : id === 'wrong' ? 'invalid_request' : undefined
    }
    for (const id of ['stale', 'wrong']) coordinator.enqueue(id, sh('true'))
    const last = coordinator.enqueue('fine', sh('true'))
    await bench.host()
    await vi.waitUntil(() => last.status === 'completed', soon)
    await vi.waitUntil(async () => (await filesIn(bench, 'spool')).length === 0, soon)
    expect(await filesIn(bench, 'rejected')).toEqual([expect.stringMatching(/^\d+-wrong\.1\.json$/)])
    expect(coordinator.of('completeJob')).toHaveLength(3)
  })

  test('that is refused is kept, but no more than maxRejected of them', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.before = (operation) => (operation === 'completeJob' ? 'invalid_request' : undefined)
    for (let count = 0; count < 5; count++) coordinator.enqueue(`r${count}`, sh('true'))
    await bench.host({ maxRejected: 2 })
    await vi.waitUntil(() => coordinator.of('completeJob').length === 5, soon)
    await vi.waitUntil(async () => (await filesIn(bench, 'spool')).length === 0, soon)
    await vi.waitUntil(async () => (await filesIn(bench, 'rejected')).length === 2, soon)
    expect((await filesIn(bench, 'rejected')).join()).toContain('r4')
  })

  test('that many of wait for a slow coordinator holds up neither heartbeat nor claim', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    coordinator.knowsCompleteJobs = false
    await spooled(bench, 100)
    coordinator.before = (operation) => (operation === 'completeJob' ? 'hang' : undefined)
    const job = coordinator.enqueue('next', sh('true'))
    await bench.host()
    await vi.waitUntil(() => coordinator.of('heartbeat').length > 2, { ...soon, timeout: 4_000 })
    expect(job.status).toBe('leased')
    expect(coordinator.of('completeJob').length).toBeLessThanOrEqual(maxDeliveries)
  })

  test('whose file is torn or not a result is set aside at start, and a half-written one removed', async () => {
    await using bench = await Bench.open()
    await mkdir(path.join(bench.dir, 'spool'))
    await writeFile(path.join(bench.dir, 'spool', 'torn.1.json'), '{"jobId":"torn","att')
    await writeFile(path.join(bench.dir, 'spool', 'half.1.json.tmp'), '{')
    await bench.host()
    expect(await filesIn(bench, 'spool')).toEqual([])
    const [kept = ''] = await filesIn(bench, 'rejected')
    expect(await readFile(path.join(bench.dir, 'rejected', kept), 'utf8')).toContain('"torn"')
  })

  test('stops further claims while too many others wait for their acknowledgement', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    let refuse = true
    coordinator.before = (operation) => (operation === 'completeJob' && refuse ? 'quorum_unreachable' : undefined)
    const jobs = ['a', 'b', 'c'].map((id) => coordinator.enqueue(id, sh('true')))
    await bench.host({ maxSpooled: 2 })
    await vi.waitUntil(async () => (await filesIn(bench, 'spool')).length === 2, soon)
    const beats = coordinator.of('heartbeat').length
    await vi.waitUntil(() => coordinator.of('heartbeat').length > beats + 3, soon)
    expect(jobs.map((job) => job.status)).toEqual(['leased', 'leased', 'queued'])
    refuse = false
    await vi.waitUntil(() => jobs.every((job) => job.status === 'completed'), { ...soon, timeout: 15_000 })
  })
})
