import { EventEmitter } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LedgerRecord, problem } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { type Asked, fakeCoordinator } from '../../test/fake-coordinator.ts'
import { runInProcess } from '../../test/fake-io.ts'
import { makeRecord } from '../../test/record-fixture.ts'
import { tempFolder } from '../../test/temp-folder.ts'

const self = { nodeId: 'node-a', instance: 'i', url: '', version: '0', state: 'alive' }
const records = Array.from({ length: 250 }, (_, index) => makeRecord(`job-${index}`))

/** Answers as a coordinator that knows the records, in pages of 100. */
function answer({ path, method, body }: Asked): { status?: number; body: unknown } {
  if (path === '/v1/network/peers') return { body: { self, peers: [] } }
  if (method === 'POST') return { body: { ok: true, changed: (body as { records: unknown[] }).records.length - 1 } }
  const from = Number(new URL(path, 'http://x').searchParams.get('cursor') ?? 0)
  const page = { nodeId: 'node-a', records: records.slice(from, from + 100) }
  return { body: from + 100 < records.length ? { ...page, nextCursor: String(from + 100) } : page }
}

async function backUp(file: string, words: string[] = []) {
  const { url } = await fakeCoordinator(answer)
  return runInProcess(['backup', file, '--url', url, ...words])
}

test('what a backup holds is what a restore sends, in order and once', async () => {
  const file = join(tempFolder(), 'a.backup')
  const backup = await backUp(file)
  expect(backup).toMatchObject({ code: 0, stderr: '' })
  expect(backup.stdout).toBe(`${file}: 250 records of node-a, ${statSync(file).size} bytes\n`)

  const { url, asked } = await fakeCoordinator(answer)
  const restore = await runInProcess(['restore', file, '--url', url])
  expect(restore).toMatchObject({ code: 0, stderr: '' })
  expect(restore.stdout).toMatch(/\(node-a, [^)]*\): 250 records read, 247 were news\n$/)
  const sent = asked.filter(({ method }) => method === 'POST').map(({ body }) => body as { records: LedgerRecord[] })
  expect(sent.flatMap((page) => page.records)).toEqual(records)
  for (const page of sent) expect(page).toMatchObject({ nodeId: 'node-a', restore: true })
})

test('a backup can be read line by line, and by its owner only', async () => {
  const folder = tempFolder()
  const file = join(folder, 'a.backup')
  const { stdout } = await backUp(file, ['--json'])
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const [header, ...rest] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(header).toEqual({ format: 'skyclaw-backup', version: 1, nodeId: 'node-a', takenAt: expect.any(String) })
  const { sha256, ...written } = JSON.parse(stdout) as Record<string, unknown>
  expect(written).toMatchObject({ file, nodeId: 'node-a', takenAt: header?.['takenAt'], records: 250 })
  expect(rest.pop()).toEqual({ format: 'skyclaw-backup-end', records: 250, sha256 })
  expect(rest).toEqual(records)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['a.backup'])
})

test('a file that is there is replaced with --force only', async () => {
  const file = join(tempFolder(), 'a.backup')
  writeFileSync(file, 'mine')
  const refused = await backUp(file)
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain('--force')
  expect(readFileSync(file, 'utf8')).toBe('mine')
  expect(await backUp(file, ['--force'])).toMatchObject({ code: 0 })
  expect(readFileSync(file, 'utf8')).toMatch(/^\{"format":"skyclaw-backup"/)
})

test('a folder or a device is never replaced', async () => {
  for (const file of [tempFolder(), '/dev/null']) {
    const run = await backUp(file, ['--force'])
    expect(run.code).toBe(1)
    expect(run.stderr).toMatch(/^skyclaw: [^ ]+ is (a folder|no file)/)
  }
})

test('a backup that cannot be finished leaves what was there, and no part of itself', async () => {
  const folder = tempFolder()
  const file = join(folder, 'a.backup')
  writeFileSync(file, 'mine')
  const other = await fakeCoordinator((asked) => {
    const { body } = answer(asked)
    return { body: asked.path.includes('cursor=200') ? { ...(body as object), nodeId: 'node-b' } : body }
  })
  const run = await runInProcess(['backup', file, '--force', '--url', other.url])
  expect(run.code).toBe(1)
  expect(run.stderr).toContain('leads to several coordinators (node-a, node-b)')
  expect(readdirSync(folder)).toEqual(['a.backup'])
  expect(readFileSync(file, 'utf8')).toBe('mine')
})

test('a signal ends a backup and leaves nothing', async () => {
  const folder = tempFolder()
  const signals = new EventEmitter()
  const { url } = await fakeCoordinator((asked) => {
    if (asked.path.includes('cursor')) signals.emit('SIGINT')
    return answer(asked)
  })
  const run = await runInProcess(['backup', join(folder, 'a.backup'), '--url', url], { signals })
  expect(run).toEqual({ code: 130, stdout: '', stderr: 'skyclaw: interrupted: no backup was written\n' })
  expect(readdirSync(folder)).toEqual([])
  expect(signals.listenerCount('SIGINT')).toBe(0)
})

test('the backup is taken from one coordinator that answers and has caught up', async () => {
  const behind = await fakeCoordinator(() => ({ body: { self: { ...self, ready: false }, peers: [] } }))
  const good = await fakeCoordinator(answer)
  const words = ['backup', join(tempFolder(), 'a.backup'), '--request-timeout-ms', '300']
  const dead = 'http://127.0.0.1:1'
  const urls = [dead, behind.url, good.url].flatMap((url) => ['--url', url])
  expect(await runInProcess([...words, ...urls])).toMatchObject({ code: 0 })
  expect(behind.asked).toHaveLength(1)
  const failed = await runInProcess([...words, '--force', '--url', dead, '--url', behind.url])
  expect(failed.stderr).toContain('has not caught up')
  expect((await runInProcess([...words, '--force', '--url', dead])).stderr).toMatch(
    /no coordinator gave an answer.*:1:/,
  )
})

test('a backup makes its folder, and says why when it cannot', async () => {
  const folder = tempFolder()
  expect(await backUp(join(folder, 'of', 'today', 'a.backup'))).toMatchObject({ code: 0 })
  const file = join(folder, 'of', 'today', 'a.backup', 'b.backup')
  const run = await backUp(file)
  expect(run.code).toBe(1)
  expect(run.stderr).toBe(
    `skyclaw: ${file} cannot be written: ${join(folder, 'of', 'today', 'a.backup')} is no folder, or lies in what is none\n`,
  )
})

test('restore says which line a coordinator refused, and how far it came', async () => {
  const file = join(tempFolder(), 'a.backup')
  await backUp(file)
  let posts = 0
  const { url } = await fakeCoordinator((asked) => {
    if (asked.method === 'GET') return answer(asked)
    posts += 1
    const field = 'records.7.key'
    return posts === 1 ? answer(asked) : { status: 400, body: problem('invalid_request', `${field} is odd`, { field }) }
  })
  const run = await runInProcess(['restore', file, '--url', url])
  // The header is line 1, so record 107 is on line 109.
  expect(run).toEqual({ code: 1, stdout: '', stderr: `skyclaw: ${file} line 109: key is odd\n` })

  const none = problem('insufficient_replicas', 'only 1 of 2', { outcome: 'not_applied' })
  const once = { status: 503, headers: { 'retry-after': '3600' }, body: none }
  const poor = await fakeCoordinator((asked) => (asked.method === 'GET' ? answer(asked) : once))
  const stopped = await runInProcess(['restore', file, '--url', poor.url])
  expect(stopped.code).toBe(1)
  expect(stopped.stderr).toBe(
    `skyclaw: restoring stopped at line 2 of ${file}, and can be repeated: only 1 of 2; "skyclaw doctor" says what is missing\n`,
  )
})

test('a refused token is found before anything is sent', async () => {
  const file = join(tempFolder(), 'a.backup')
  await backUp(file)
  const { url, asked } = await fakeCoordinator(() => ({ status: 401, body: problem('unauthorized', 'no') }))
  const run = await runInProcess(['restore', file, '--url', url])
  expect(run.stderr).toContain('SKYCLAW_TOKEN')
  expect(asked.map(({ method }) => method)).toEqual(['GET'])
})
