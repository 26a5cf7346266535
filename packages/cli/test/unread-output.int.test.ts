import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

test('a daemon whose log nobody reads any more goes on, and stops in order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skyclaw-test-'))
  const words = ['coordinator', '--port', '0', '--db-path', join(folder, 'c.db')]
  const child = spawn(process.execPath, ['--conditions=@skyclaw/source', main, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  })
  let url = ''
  for await (const line of createInterface(child.stdout)) {
    url = (JSON.parse(line) as { url?: string }).url ?? ''
    if (url) break
  }
  child.stdout.destroy()
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
