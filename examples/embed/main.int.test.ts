import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'

const main = new URL('main.ts', import.meta.url).pathname
const token = 'secret'

/** The example as a process of its own. */
async function start(db: string) {
  const args = ['--conditions=@skyclaw/source', main, '--db', db, '--port', '0', '--token', token]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    ended.then(() => Promise.reject(new Error('the example ended before it listened'))),
  ])) as [string]
  return { url: line.replace('listening on ', ''), child, ended }
}

async function call(url: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'x-skyclaw-token': token, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, json: await response.json() }
}

test('the example serves itself and a coordinator, ends at once with claims that wait, and remembers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skyclaw-embed-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const db = join(folder, 'embedded.db')
  const first = await start(db)
  expect(await call(first.url)).toEqual({ status: 200, json: { service: 'thumbnails' } })
  expect(await call(`${first.url}/nowhere`)).toEqual({ status: 404, json: { nothingAt: '/nowhere' } })
  expect(await call(`${first.url}/skyclaw/health`)).toMatchObject({ status: 200, json: { ok: true } })

  const api = `${first.url}/skyclaw/v1`
  await call(`${api}/hosts/register`, { hostId: 'h1', name: 'h1', capabilities: ['shell'] })
  const claim = call(`${api}/hosts/h1/claim`, { waitMs: 20_000 })
  const made = await call(`${first.url}/thumbnails/cat.png`, {})
  expect(made.status).toBe(202)
  const id = (made.json as { job: string }).job
  expect(await claim).toMatchObject({ json: { job: { id, payload: { command: 'convert' } } } })
  const report = { hostId: 'h1', attempt: 1, success: true, durationMs: 5, exitCode: 0, stdout: 'small', stderr: '' }
  await call(`${api}/jobs/${id}/complete`, report)
  expect((await call(`${first.url}/thumbnails/jobs/${id}`)).json).toEqual({ status: 'completed', output: 'small' })

  const waiting = Array.from({ length: 50 }, () => call(`${api}/hosts/h1/claim`, { waitMs: 20_000 }))
  await call(`${api}/hosts/h1/heartbeat`, {})
  const startedAt = performance.now()
  first.child.kill('SIGTERM')
  expect(await first.ended).toEqual([0, null])
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  const ends = await Promise.allSettled(waiting)
  expect(ends.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)

  const second = await start(db)
  expect((await call(`${second.url}/thumbnails/jobs/${id}`)).json).toEqual({ status: 'completed', output: 'small' })
  expect((await call(`${second.url}/thumbnails/cat.png`, {})).json).toEqual({ job: id })
})
