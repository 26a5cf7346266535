import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shellLine, skyclaw, startUp } from '../support/skyclaw.ts'
import { tempFolder } from '../support/temp-folder.ts'

/** What is said on standard error to people, beside the log. */
const saidTo = (stderr: string): string => stderr.replaceAll(/^\{.*\}\n/gm, '')

test('up runs, the line it prints works as it stands, and Ctrl-C stops it cleanly', async () => {
  const up = await startUp()
  const [line = ''] = await up.said(/SKYCLAW_TOKEN=.* run -- echo hello/)
  expect(up.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const typed = line.replace('npx -y pnpm@12.21.0 skyclaw', 'skyclaw')
  expect(typed).not.toBe(line)
  expect(await shellLine(typed, up.folder).ended).toEqual({ code: 0, signal: null, stdout: 'hello\n', stderr: '' })
  process.kill(up.pid, 'SIGINT')
  const { code, signal, stderr } = await up.ended
  expect({ code, signal, said: saidTo(stderr) }).toEqual({ code: 0, signal: null, said: '' })
})

test('up keeps its data in .skyclaw, and finds it there again', async () => {
  const up = await startUp()
  const { stdout: id } = await skyclaw(['enqueue-shell', 'true'], up.folder, up.env).ended
  process.kill(up.pid, 'SIGTERM')
  await up.ended
  await access(join(up.folder, '.skyclaw/coordinator.db'))
  expect(await readdir(join(up.folder, '.skyclaw/hosts'))).toHaveLength(1)
  const again = skyclaw(['up', '--port', '0'], up.folder, { SKYCLAW_TOKEN: up.token })
  const [, url] = await again.said(/Coordinator (\S+),/)
  const shown = await skyclaw(['jobs', 'wait', id.trim()], up.folder, { ...up.env, SKYCLAW_COORDINATOR_URL: url ?? '' })
    .ended
  expect(shown).toMatchObject({ code: 0, stderr: '' })
})

test('up allows what is harmless, and more only when told so', async () => {
  const up = await startUp(['--allow', 'cat'])
  const { ended: refused } = skyclaw(['run', 'bash', '-c', 'true'], up.folder, up.env)
  expect(await refused).toMatchObject({ code: 126, stdout: '' })
  const { ended } = skyclaw(['run', '--stdin', 'cat'], up.folder, up.env, 'grüße\n')
  expect(await ended).toMatchObject({ code: 0, stdout: 'grüße\n' })
})

test('a port that is taken and a folder in use give one clear line and exit code 1', async () => {
  const up = await startUp()
  const port = new URL(up.url).port
  const elsewhere = await skyclaw(['up', '--port', port], tempFolder()).ended
  expect(elsewhere.code).toBe(1)
  expect(saidTo(elsewhere.stderr)).toMatch(new RegExp(`^skyclaw: [^\\n]*${port}[^\\n]*\\n$`))
  const same = await skyclaw(['up', '--port', '0'], up.folder).ended
  expect(same.code).toBe(1)
  expect(saidTo(same.stderr)).toMatch(/^skyclaw: [^\n]*coordinator\.db[^\n]*\n$/)
})
