import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { bootId } from '../src/run/processes/proc.ts'
import { carriers, runs } from './processes.ts'
import { spawnHost } from './spawn-host.ts'
import { Bench, sh } from './start.ts'

/** What ran when the host was killed, as its journal has it. */
async function journal(bench: Bench): Promise<Record<string, unknown>[]> {
  const folder = path.join(bench.dir, 'running')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(path.join(folder, name), 'utf8'))))
}

describe('after a host was killed the next one', () => {
  test('ends what it left, in sessions of its own too, and reports the attempt as lost', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const pidFile = path.join(bench.dir, 'child')
    const job = coordinator.enqueue(
      'long',
      sh(`setsid sh -c 'trap "" TERM; echo $$ > ${pidFile}; sleep 60' & sleep 60`),
    )
    const child = await spawnHost(bench, { killGraceMs: 200 })
    const pid = await until('the job to run', async () => Number(await readFile(pidFile, 'utf8').catch(() => 0)))
    const [entry] = await until('the process to be noted', async () => {
      const entries = await journal(bench)
      return entries[0]?.['process'] !== undefined && entries
    })
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    expect(runs(pid)).toBe(true)
    expect(entry).toMatchObject({ jobId: 'long', attempt: 1, sandbox: 'none', bootId: bootId() })

    const next = await bench.host({ killGraceMs: 200 })
    const released = await until('the report', () => coordinator.of('releaseJob')[0])
    expect(runs(pid)).toBe(false)
    expect(carriers(String(entry?.['tag']))).toEqual([])
    expect(released.body).toMatchObject({
      hostId: next.id,
      attempt: 1,
      lost: true,
      reason: expect.stringContaining('killed'),
    })
    expect(job.status).toBe('released')
    await until('the journal to be empty', async () => (await journal(bench)).length === 0)
  })

  test('claims nothing before that is over, and says meanwhile that the job is held', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const pidFile = path.join(bench.dir, 'child')
    coordinator.enqueue('long', sh(`trap "" TERM; echo $$ > ${pidFile}; while :; do sleep 0.1; done`))
    const child = await spawnHost(bench)
    await until('the job to run', async () => Number(await readFile(pidFile, 'utf8').catch(() => 0)))
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    const seen = coordinator.seen.length
    await bench.host({ killGraceMs: 600 })
    await until('the report', () => coordinator.of('releaseJob')[0])
    const since = coordinator.seen.slice(seen).map(({ operation }) => operation)
    expect(since.slice(0, since.indexOf('releaseJob'))).not.toContain('claimJobs')
    const beat = coordinator.seen.slice(seen).find(({ operation }) => operation === 'heartbeat')
    expect(beat?.body.jobs).toEqual([{ id: 'long', attempt: 1 }])
    await until('a claim', () => coordinator.seen.slice(seen).some(({ operation }) => operation === 'claimJobs'))
  })

  test('ends a job that started it, but not itself', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const tag = 't-restart'
    const folder = path.join(bench.dir, 'running')
    await mkdir(folder, { recursive: true })
    const entry = { jobId: 'restart', attempt: 1, tag, sandbox: 'none', bootId: bootId() }
    await writeFile(path.join(folder, `${tag}.json`), JSON.stringify(entry))
    Object.assign(coordinator.enqueue('restart', sh('true')), { status: 'leased', attempts: 1 })
    const launcher = ['sh', '-c', 'sleep 60 & "$@"; :', 'sh']
    const child = await spawnHost(bench, { killGraceMs: 200 }, { launcher, env: { SKYCLAW_ATTEMPT: tag } })
    const pid = Number(await readFile(path.join(bench.dir, 'pid'), 'utf8'))
    try {
      await until('the report', () => coordinator.of('releaseJob')[0])
      expect(carriers(tag).map((carrier) => carrier.pid)).toEqual([pid])
      expect(runs(pid)).toBe(true)
    } finally {
      if (runs(pid)) process.kill(pid, 'SIGKILL')
      child.kill('SIGKILL')
    }
  })

  test('tries to report until it is heard, and reports nothing whose result is on its way', async () => {
    await using bench = await Bench.open()
    const { coordinator } = bench
    const folder = path.join(bench.dir, 'running')
    await mkdir(folder, { recursive: true })
    await mkdir(path.join(bench.dir, 'spool'), { recursive: true })
    for (const jobId of ['lost', 'done', 'gone']) {
      const entry = { jobId, attempt: 1, tag: `t-${jobId}`, sandbox: 'none', bootId: 'another run of the machine' }
      await writeFile(path.join(folder, `t-${jobId}.json`), JSON.stringify(entry))
    }
    await writeFile(path.join(folder, 'torn.json'), '{')
    const body = { hostId: 'h', attempt: 1, success: true, durationMs: 1, exitCode: 0, stdout: '', stderr: '' }
    const result = { jobId: 'done', attempt: 1, idempotencyKey: 'k', body }
    await writeFile(path.join(bench.dir, 'spool', 'done.1.json'), JSON.stringify(result))
    for (const id of ['lost', 'done'])
      Object.assign(coordinator.enqueue(id, sh('true')), { status: 'leased', attempts: 1 })
    coordinator.before = (operation) =>
      operation === 'releaseJob' && coordinator.of('releaseJob').length < 4 ? 'quorum_unreachable' : undefined
    await bench.host()
    await until('the journal to be empty', async () => (await journal(bench)).length === 0)
    expect(coordinator.jobs.get('lost')?.status).toBe('released')
    expect(coordinator.jobs.get('done')?.status).toBe('completed')
    expect(new Set(coordinator.of('releaseJob').map(({ id }) => id))).toEqual(new Set(['lost', 'gone']))
  })
})
