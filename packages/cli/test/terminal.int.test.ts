import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runInProcess } from './fake-io.ts'

async function runCoordinator(terminal: boolean, signal = 'SIGTERM'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skyclaw-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const signals = new EventEmitter()
  const heard = (text: string): void => void (text.includes('coordinator serves') && signals.emit(signal))
  const words = ['coordinator', '--port', '0', '--db-path', join(folder, 'c.db')]
  const { code, stdout } = await runInProcess(words, { signals, terminal, heard, env: { NO_COLOR: '1' } })
  expect(code).toBe(0)
  expect(signals.listenerCount('SIGTERM')).toBe(0)
  return stdout.replaceAll(folder, 'FOLDER')
}

test('on a terminal a coordinator says in one line where it serves, that it stands alone, and its data file', async () => {
  expect(await runCoordinator(true)).toMatch(
    /^coordinator serves http:\/\/127\.0\.0\.1:\d+, standalone \(a single copy of everything\), data in FOLDER\/c\.db\n\S+ stopping; a second signal ends it at once\n\S+ coordinator ended\n$/,
  )
})

test('a terminal that is closed stops it in order', async () => {
  expect(await runCoordinator(true, 'SIGHUP')).toContain('stopping')
})

test('on a terminal a host says at once what it may run and whom it looks for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skyclaw-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const signals = new EventEmitter()
  const heard = (text: string): void => void (text.includes('host starts') && signals.emit('SIGTERM'))
  const words = ['host', '--url', 'http://127.0.0.1:1', '--dir', folder]
  const { code, stdout } = await runInProcess(words, { signals, terminal: true, heard, env: { NO_COLOR: '1' } })
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^host starts: no shell jobs \(SKYCLAW_ALLOWED_COMMANDS [^\n]*; coordinator http:\/\/127\.0\.0\.1:1\n/,
  )
})

test('elsewhere it logs the same as JSON', async () => {
  const lines = (await runCoordinator(false)).trim().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(entries.map(({ msg }) => msg)).toEqual([
    'database opened',
    expect.stringContaining('standalone until another coordinator joins'),
    'coordinator serves',
    'stopping; a second signal ends it at once',
    'coordinator ended',
  ])
  expect(entries).toContainEqual(
    expect.objectContaining({ msg: 'coordinator serves', standalone: true, dbPath: 'FOLDER/c.db' }),
  )
})
