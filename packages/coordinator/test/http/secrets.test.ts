import { limits } from '@skyclaw/protocol'
import Fastify from 'fastify'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { expectProblem } from './conformity.ts'
import { report, scratchFolder, shellHost, shellJob, startTestCoordinator, token } from './test-coordinator.ts'
import type { TestCoordinator } from './test-coordinator.ts'

const secret = 'correct-horse-battery'
const withSecret = (value = secret) => ({
  payload: { kind: 'shell' as const, command: 'true', secretEnv: { API_KEY: value } },
})
const shown = { kind: 'shell', command: 'true', secretEnv: { API_KEY: '[redacted]' } }
const host = { id: 'h1' }

async function started(options: { dbPath?: string; token?: string } = {}): Promise<[TestCoordinator, string[]]> {
  const lines: string[] = []
  const { log } = Fastify({ logger: { level: 'trace', stream: { write: (line: string) => void lines.push(line) } } })
  const coordinator = await startTestCoordinator({ logger: log, ...options })
  await coordinator.ok('registerHost', { body: shellHost('h1') })
  return [coordinator, lines]
}

/** Every byte that a coordinator keeps, the write-ahead log and whatever lies beside it included. */
function kept(dbPath: string): string {
  const folder = dirname(dbPath)
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(entries.map(({ name }) => name)).toContain('a.db')
  return entries.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join('\n')
}

test('only the answer to the claim that leased the job has its secrets, the repeated claim included', async () => {
  const [coordinator] = await started()
  const { job } = await coordinator.ok('enqueueJob', { body: withSecret() })
  expect(job.payload).toEqual(shown)
  const claim = () => coordinator.ok('claimJobs', { params: host, body: { max: 1 }, key: 'claim' })
  for (const answer of [await claim(), await claim()]) {
    expect(answer.job).toMatchObject({ id: job.id, payload: withSecret().payload })
    expect(answer.jobs).toEqual([answer.job])
  }
})

test('a secret is in no file, view, backup, feed, kept answer or line of the log, whatever became of its job', async () => {
  const dbPath = join(scratchFolder(), 'a.db')
  const [coordinator, lines] = await started({ dbPath })
  const answers: string[] = []
  const call = async (...asked: Parameters<TestCoordinator['call']>) => {
    const { status, text } = await coordinator.call(...asked)
    expect(status, text).toBe(200)
    answers.push(text)
    return JSON.parse(text) as { job: { id: string } }
  }
  const { job } = await call('enqueueJob', { body: withSecret(), key: 'k1' })
  await call('enqueueBatch', { body: { jobs: [withSecret(), { ...withSecret(), idempotencyKey: 'k2' }] }, key: 'b' })
  const claimed = await coordinator.ok('claimJobs', { params: host, body: {}, key: 'claim' })
  const params = { id: claimed.job!.id }
  expect(params.id).toBe(job.id)
  await call('completeJob', { params, body: report('h1'), key: 'done' })
  await call('retryJob', { params, key: 'retry' })
  await call('explainJob', { params })
  await call('getJob', { params })
  await call('heartbeat', { params: host, body: { jobs: [] }, key: 'beat' })
  for (const id of ['listJobs', 'readState', 'readSnapshot', 'readFeed'] as const) await call(id)
  for (const wrong of [
    { ...withSecret(), secret: 1 },
    { payload: { ...withSecret().payload, env: { API_KEY: 'x' } } },
  ]) {
    const answer = await coordinator.call('enqueueJob', { body: wrong })
    expectProblem(answer, 'invalid_request')
    answers.push(answer.text)
  }
  const whileOpen = kept(dbPath)
  await coordinator.running.close()
  expect(lines.join('')).toContain('host registered')
  for (const text of [...answers, ...lines, whileOpen, kept(dbPath)]) expect(text.includes(secret)).toBe(false)
  expect(kept(dbPath)).toContain('API_KEY')
})

test('a body that is no JSON is refused without a word of it', async () => {
  const [coordinator, lines] = await started()
  for (const payload of [`{"secretEnv":{"A":${secret}}}`, secret, `{"A":"${secret}`, `{"A":"${secret}" "B"`]) {
    const headers = { 'content-type': 'application/json', 'x-skyclaw-token': token }
    const answer = await coordinator.running.app.inject({ method: 'POST', url: '/v1/jobs', headers, payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.payload).not.toContain(secret.slice(0, 7))
  }
  expect(lines.join('')).not.toContain(secret.slice(0, 7))
})

test.each(['abc', `${secret}\0`, 'x'.repeat(limits.envValueChars + 1), 7])(
  'a secret that is none is refused by its name, and not cited: %#',
  async (value) => {
    const [coordinator] = await started()
    const answer = await coordinator.call('enqueueJob', { body: withSecret(value as string) })
    expect(expectProblem(answer, 'invalid_request').field).toBe('payload.secretEnv.API_KEY')
    expect(answer.text).not.toContain(String(value).slice(0, 7).padEnd(3, ' '))
  },
)

test('a request repeated with its secret is the same request, and one with another secret is not', async () => {
  const [coordinator] = await started()
  const { job } = await coordinator.ok('enqueueJob', { body: withSecret(), key: 'k' })
  const again = await coordinator.ok('enqueueJob', { body: withSecret(), key: 'k' })
  expect(again).toMatchObject({ deduplicated: true, job: { id: job.id } })
  expectProblem(await coordinator.call('enqueueJob', { body: withSecret('another'), key: 'k' }), 'idempotency_mismatch')
  const batch = (value?: string) =>
    coordinator.call('enqueueBatch', { body: { jobs: [withSecret(value), shellJob()] }, key: 'b' })
  expect((await batch()).status).toBe(200)
  expect(JSON.parse((await batch()).text)).toMatchObject({ results: [{ deduplicated: true }, { deduplicated: true }] })
  expectProblem(await batch('another'), 'idempotency_mismatch')
})

test('a job whose secrets were sealed under another token fails, saying so, and is handed to nobody', async () => {
  const dbPath = join(scratchFolder(), 'a.db')
  const [before] = await started({ dbPath })
  const { job } = await before.ok('enqueueJob', { body: withSecret() })
  await before.running.close()
  const [after] = await started({ dbPath, token: 'another-token' })
  const { job: plain } = await after.ok('enqueueJob', { body: shellJob() })
  const { jobs } = await after.ok('claimJobs', { params: host, body: { max: 10 } })
  expect(jobs?.map(({ id }) => id)).toEqual([plain.id])
  const failed = (await after.ok('getJob', { params: { id: job.id } })).job
  expect(failed).toMatchObject({ status: 'failed', attempts: 1 })
  expect(failed.error).toContain('sealed under another token')
  expect(await after.ok('claimJobs', { params: host, body: { max: 10 } })).toEqual({ job: null, jobs: [] })
})

test('a retried job has the secrets of the one that it repeats', async () => {
  const [coordinator] = await started()
  const take = async () => (await coordinator.ok('claimJobs', { params: host, body: {} })).job!
  await coordinator.ok('enqueueJob', { body: withSecret() })
  const first = await take()
  await coordinator.ok('completeJob', { params: { id: first.id }, body: { ...report('h1'), success: false } })
  const { job } = await coordinator.ok('retryJob', { params: { id: first.id } })
  expect(job).toMatchObject({ retryOf: first.id, payload: shown, status: 'queued' })
  expect(await take()).toMatchObject({ id: job.id, payload: withSecret().payload })
})

test('a restored job has its secrets, where the token is the same', async () => {
  const [coordinator] = await started()
  await coordinator.ok('enqueueJob', { body: withSecret() })
  const backup = await coordinator.ok('readSnapshot')
  const [other] = await started()
  await other.ok('mergeSnapshot', { body: { nodeId: backup.nodeId, records: backup.records, restore: true } })
  const { job } = await other.ok('claimJobs', { params: host, body: {} })
  expect(job).toMatchObject({ payload: withSecret().payload })
})
