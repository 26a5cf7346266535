import { limits, type ProblemCode, ProblemError } from '@skyclaw/protocol'
import Fastify from 'fastify'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { coordinator, type Skyclaw } from '../../src/index.ts'
import { scratchFolder, shellJob } from '../http/test-coordinator.ts'

async function skyclaw(): Promise<{ api: Skyclaw; close: () => Promise<void> }> {
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(coordinator, { dbPath: join(scratchFolder(), 'a.db'), nodeId: 'here' })
  return { api: app.skyclaw, close: () => app.close() }
}

async function refused(call: () => Promise<unknown>, code: ProblemCode): Promise<string | undefined> {
  const error = await call().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ProblemError)
  expect((error as ProblemError).code).toBe(code)
  return (error as ProblemError).problem.field
}

test('jobs are made, found, listed and cancelled without HTTP', async () => {
  const { api } = await skyclaw()
  expect(api).toMatchObject({ nodeId: 'here', standalone: true })
  const { job } = await api.jobs.enqueue(shellJob(), 'key')
  expect((await api.jobs.enqueue(shellJob(), 'key')).deduplicated).toBe(true)
  const results = await api.jobs.enqueueBatch([shellJob('a'), { ...shellJob(), idempotencyKey: 'key' }])
  expect(results[1]).toMatchObject({ deduplicated: true, job: { id: job.id } })
  expect(await api.jobs.get(job.id)).toMatchObject({ id: job.id, status: 'queued' })
  expect(await api.jobs.cancel(job.id, 'enough')).toMatchObject({ status: 'cancelled', cancelReason: 'enough' })
  const page = await api.jobs.list({ limit: 1 })
  const rest = await api.jobs.list({ cursor: page.nextCursor! })
  expect([...page.jobs, ...rest.jobs]).toHaveLength(2)
  expect((await api.jobs.list({ status: 'cancelled' })).jobs.map(({ id }) => id)).toEqual([job.id])
  expect(await api.hosts.list()).toEqual({ hosts: [] })
})

test('jobs are retried and explained, and hosts are paused, drained and resumed without HTTP', async () => {
  const { api } = await skyclaw()
  const { job } = await api.jobs.enqueue(shellJob())
  expect(await refused(() => api.jobs.retry(job.id), 'invalid_request')).toBe('id')
  expect(await api.jobs.explain(job.id)).toMatchObject({ job, summary: expect.stringContaining('waits'), hosts: [] })
  await api.jobs.cancel(job.id)
  const again = await api.jobs.retry(job.id, 'key')
  expect(again.job).toMatchObject({ retryOf: job.id, status: 'queued' })
  expect(await api.jobs.retry(job.id, 'key')).toMatchObject({ deduplicated: true, job: { id: again.job.id } })
  for (const name of ['get', 'pause', 'resume', 'drain'] as const) {
    await refused(() => api.hosts[name]('nobody'), 'not_found')
    expect(await refused(() => api.hosts[name]('no id'), 'invalid_request')).toBe('id')
  }
  await refused(() => api.hosts.drain('nobody', { deadlineMs: -1 }), 'invalid_request')
})

test('each line of the log that is about the coordinator carries its node id, and lines of the server do not', async () => {
  const lines: string[] = []
  const app = Fastify({ logger: { stream: { write: (line: string) => void lines.push(line) } } })
  onTestFinished(() => app.close())
  app.get('/mine', async () => 'mine')
  await app.register(coordinator, { prefix: '/skyclaw', dbPath: join(scratchFolder(), 'a.db'), nodeId: 'here' })
  const payload = { hostId: 'h', name: 'h' }
  await app.inject({ method: 'POST', url: '/skyclaw/v1/hosts/register', payload })
  await app.inject('/mine')
  const logged = lines.map((line) => JSON.parse(line) as { msg: string; nodeId?: string; hostId?: string })
  expect(logged.map(({ msg, nodeId, hostId }) => [msg, nodeId, hostId])).toEqual([
    ['database opened', 'here', undefined],
    ['standalone until another coordinator joins: a single copy of everything', 'here', undefined],
    ['incoming request', 'here', undefined],
    ['host registered', 'here', 'h'],
    ['request completed', 'here', undefined],
    ['incoming request', undefined, undefined],
    ['request completed', undefined, undefined],
  ])
})

test('what the API would refuse is refused here too, by the same error that names the field', async () => {
  const { api } = await skyclaw()
  const wrong = (value: unknown) => value as never
  expect(await refused(() => api.jobs.enqueue(wrong({})), 'invalid_request')).toBe('payload')
  expect(await refused(() => api.jobs.enqueue(wrong(undefined)), 'invalid_request')).toBe('job')
  expect(await refused(() => api.jobs.enqueue({ ...shellJob(), runAt: 'tomorrow' }), 'invalid_request')).toBe('runAt')
  expect(await refused(() => api.jobs.enqueue({ ...shellJob(), priority: Number.NaN }), 'invalid_request')).toBe(
    'priority',
  )
  expect(await refused(() => api.jobs.enqueue(wrong({ ...shellJob(), extra: 1 })), 'invalid_request')).toBe('extra')
  expect(await refused(() => api.jobs.enqueue(shellJob(), 'a key'), 'invalid_request')).toBe('idempotencyKey')
  expect(await refused(() => api.jobs.enqueueBatch([]), 'invalid_request')).toBe('jobs')
  expect(await refused(() => api.jobs.enqueueBatch(wrong([{}])), 'invalid_request')).toBe('jobs.0.payload')
  expect(await refused(() => api.jobs.list({ limit: -1 }), 'invalid_request')).toBe('limit')
  expect(await refused(() => api.jobs.list({ limit: limits.pageMax + 1 }), 'invalid_request')).toBe('limit')
  expect(await refused(() => api.jobs.list({ cursor: 'x' }), 'invalid_request')).toBe('cursor')
  expect(await refused(() => api.hosts.list({ limit: 0 }), 'invalid_request')).toBe('limit')
  expect(await refused(() => api.jobs.get('../x'), 'invalid_request')).toBe('id')
  expect(await refused(() => api.jobs.cancel('x', wrong(7)), 'invalid_request')).toBe('reason')
  await refused(() => api.jobs.get('nobody'), 'not_found')
  expect((await api.jobs.list()).jobs).toEqual([])
})

test("what the caller does to its object afterwards does not change the job, nor the job the caller's object", async () => {
  const { api } = await skyclaw()
  const input = { ...shellJob('before'), priority: undefined as unknown as number }
  const made = api.jobs.enqueue(input)
  input.payload.command = 'after'
  const { job } = await made
  expect(job).toMatchObject({ payload: { command: 'before' }, priority: 0 })
  expect(await api.jobs.get(job.id)).toMatchObject({ payload: { command: 'before' } })
  expect(input.priority).toBeUndefined()
})

test('a coordinator that is closed says so', async () => {
  const { api, close } = await skyclaw()
  const { job } = await api.jobs.enqueue(shellJob())
  await close()
  for (const call of [
    () => api.jobs.enqueue(shellJob()),
    () => api.jobs.enqueueBatch([shellJob()]),
    () => api.jobs.get(job.id),
    () => api.jobs.list(),
    () => api.jobs.cancel(job.id),
    () => api.hosts.list(),
  ]) {
    expect(await refused(call, 'shutting_down')).toBeUndefined()
  }
})
