import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Bench } from '../test/start.ts'
import { writeDurably } from './durable-file.ts'
import { HostError, startHost } from './index.ts'
import { resolveHostOptions } from './options.ts'

const coordinators = ['http://127.0.0.1:1']

test.each([
  [{ maxParallel: 0 }, 'maxParallel'],
  [{ maxParallel: 1.5 }, 'maxParallel'],
  [{ heartbeatMs: Number.NaN }, 'heartbeatMs'],
  [{ timeoutMs: -1 }, 'timeoutMs'],
  [{ maxOutputBytes: 2_000_000 }, 'maxOutputBytes'],
  [{ drainMs: -1 }, 'drainMs'],
  [{ name: '' }, 'name'],
  [{ id: '../x' }, 'id'],
  [{ claimWaitMs: 60_000 }, 'claimWaitMs'],
  [{ workRoots: ['/srv', 'work'] }, 'workRoots\\[1\\]'],
])('%j is refused with an error that names %s', (options, name) => {
  expect(() => resolveHostOptions({ coordinators, ...options })).toThrow(new RegExp(`^${name} must`))
})

test('name and folder follow the machine, and no name leads out of the folder of hosts', () => {
  const options = resolveHostOptions({ coordinators })
  expect(options.name).toBe(hostname())
  expect(options.dir).toBe(path.resolve('.skyclaw/hosts', hostname()))
  for (const name of ['..', '.', 'a/b', '../../etc', 'C:\\x', 'ü*']) {
    const { dir } = resolveHostOptions({ coordinators, name })
    expect(path.dirname(dir)).toBe(path.resolve('.skyclaw/hosts'))
  }
})

test('a wrong URL, token, allowlist entry or policy file is refused before the folder is touched', async () => {
  await using bench = await Bench.open()
  const dir = path.join(bench.dir, 'untouched')
  await expect(startHost({ coordinators: ['nonsense'], dir })).rejects.toMatchObject({ option: 'coordinators[0]' })
  await expect(startHost({ coordinators, token: 'a b', dir })).rejects.toMatchObject({ option: 'token' })
  await expect(startHost({ coordinators, allowedCommands: ['./x'], dir })).rejects.toThrow(HostError)
  const policyFile = path.join(bench.dir, 'policy.yaml')
  await writeFile(policyFile, 'version: 1\nroots: work\n')
  await expect(startHost({ coordinators, policyFile, dir })).rejects.toThrow(`${policyFile}:2:8: roots must be a list`)
  await expect(startHost({ coordinators, dir: `${process.execPath}/x` })).rejects.toMatchObject({
    code: 'folder_unusable',
  })
})

test('a host whose policy file allows a command offers shell, also without an allowlist', async () => {
  await using bench = await Bench.open()
  const policyFile = path.join(bench.dir, 'policy.yaml')
  await writeFile(policyFile, 'version: 1\ncommands: [{ command: cat }]\n')
  expect((await bench.host({ allowedCommands: [], policyFile })).capabilities).toEqual(['shell'])
})

test('a folder whose id cannot be read gives an error that names the file, and frees the folder', async () => {
  await using bench = await Bench.open()
  await writeFile(path.join(bench.dir, 'id'), 'not an id!\n')
  await expect(bench.host()).rejects.toThrow(path.join(bench.dir, 'id'))
  const host = await bench.host({ id: 'chosen' })
  expect(host.id).toBe('chosen')
  await host.stop()
  expect((await bench.host()).id).toBe('chosen')
})

test.each(['spool', 'rejected', 'id/x'])('a folder in which %s cannot be made is one clear error', async (name) => {
  await using bench = await Bench.open()
  const file = path.join(bench.dir, name)
  if (name.includes('/')) await mkdir(file, { recursive: true })
  else await writeFile(file, '')
  const error = await bench.host().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(HostError)
  expect(error).toMatchObject({ code: 'folder_unusable', message: expect.stringContaining(bench.dir) })
})

test('a file that cannot be written leaves nothing torn behind', async () => {
  await using bench = await Bench.open()
  const target = path.join(bench.dir, 'taken')
  await mkdir(path.join(target, 'inside'), { recursive: true })
  await expect(writeDurably(target, 'text')).rejects.toThrow('rename')
  expect(await readdir(bench.dir)).toEqual(['taken'])
})
