import { createClient } from '@skyclaw/client'
import { existsSync } from 'node:fs'
import type { Payload } from '@skyclaw/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startCoordinator } from '../support/coordinator.ts'
import { type HostSettings, startHost } from '../support/host.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

/** A coordinator, and what it takes to start hosts of it and to start it again under the same URL. */
async function network() {
  const folder = tempFolder()
  const coordinator = await startCoordinator({ folder, leaseMs: 1_500 })
  const { url } = coordinator
  const client = createClient({ coordinators: [url] })
  onTestFinished(() => client.close())
  return {
    client,
    folder,
    host: (name: string, more: Partial<HostSettings> = {}) =>
      startHost({ folder, coordinatorUrl: url, name, allowedCommands: ['sh'], ...more }),
    killAndRestart: async () => {
      await coordinator.kill()
      await startCoordinator({ folder, leaseMs: 1_500, port: Number(new URL(url).port) })
    },
  }
}

const sh = (script: string): Payload => ({ kind: 'shell', command: 'sh', args: ['-c', script] })

describe('a host at a coordinator', () => {
  test('is listed with what it offers, and runs what is enqueued within moments', async () => {
    const { client, host } = await network()
    const { id } = await host('one', { maxParallel: 2, env: { SKYCLAW_CAPABILITIES: 'shell,gpu' } })
    expect((await client.hosts.list()).hosts).toMatchObject([
      { id, name: 'one', capabilities: ['gpu', 'shell'], maxParallel: 2, live: true },
    ])
    const startedAt = performance.now()
    const job = await client.jobs.enqueue(sh('echo hi; exit 3'), { requires: ['gpu'] })
    const done = await client.jobs.wait(job.id)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    expect(done).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: 'exited with code 3',
      result: { exitCode: 3, stdout: 'hi\n' },
    })
    expect(done.attemptHistory).toMatchObject([{ hostId: id, outcome: 'failed' }])
  })

  test('finishes a job while the coordinator is dead, and delivers its result when it is back', async () => {
    const { client, host, killAndRestart } = await network()
    await host('one')
    const job = await client.jobs.enqueue(sh('sleep 0.7; echo survived'))
    await until('the job to be at work', async () => (await client.jobs.get(job.id)).status === 'leased')
    await killAndRestart()
    expect(await client.jobs.wait(job.id)).toMatchObject({
      status: 'completed',
      attempts: 1,
      result: { stdout: 'survived\n' },
    })
  })

  test('keeps a job for longer than its lease time by its heartbeats', async () => {
    const { client, host } = await network()
    await host('one')
    const job = await client.jobs.enqueue(sh('sleep 3.5; echo done'))
    expect(await client.jobs.wait(job.id)).toMatchObject({ status: 'completed', attempts: 1, leaseLosses: 0 })
  })

  test('ends a job that is cancelled', async () => {
    const { client, host } = await network()
    await host('one')
    const job = await client.jobs.enqueue(sh('sleep 60'))
    await until('the job to be at work', async () => (await client.jobs.get(job.id)).status === 'leased')
    await client.jobs.cancel(job.id, { reason: 'not needed' })
    const done = await client.jobs.wait(job.id)
    expect(done).toMatchObject({ status: 'cancelled', attemptHistory: [{ outcome: 'cancelled' }] })
  })

  test('hands its job back on a second SIGTERM, and another host runs it, with no try used up', async () => {
    const { client, folder, host } = await network()
    const first = await host('first')
    const job = await client.jobs.enqueue(
      sh(`[ -e ${folder}/tried ] || { touch ${folder}/tried; sleep 60; }; echo moved`),
    )
    await until('the job to be at work', () => existsSync(`${folder}/tried`))
    const ended = first.stop()
    await first.said(/draining/)
    process.kill(first.pid, 'SIGTERM')
    await ended
    expect(await client.jobs.get(job.id)).toMatchObject({ status: 'queued', leaseLosses: 0 })
    const second = await host('second')
    const done = await client.jobs.wait(job.id)
    expect(done).toMatchObject({ status: 'completed', result: { stdout: 'moved\n' } })
    expect(done.attemptHistory).toMatchObject([
      { outcome: 'drained', hostId: first.id },
      { outcome: 'completed', hostId: second.id },
    ])
  })

  test('reports a command that is not allowed as a failed attempt', async () => {
    const { client, host } = await network()
    await host('one')
    const job = await client.jobs.enqueue({ kind: 'shell', command: './sh' })
    const done = await client.jobs.wait(job.id)
    expect(done).toMatchObject({ status: 'failed', result: { exitCode: 126 } })
    expect(done.error).toContain('SKYCLAW_ALLOWED_COMMANDS')
  })
})
