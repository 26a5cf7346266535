import { readdirSync } from 'node:fs'
import { appendFile, chmod, copyFile, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pinExecutable } from './executable.ts'
import { findOnPath } from './find-command.ts'
import type { OpenExecutable } from './launch.ts'

let root: string

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'skyclaw-executable-')))
})

afterAll(() => rm(root, { recursive: true, force: true }))

const cat = findOnPath('cat', process.env['PATH']) ?? ''
const isLinux = process.platform === 'linux'

async function openPinned(file: string): Promise<OpenExecutable> {
  const pinned = pinExecutable(file)
  const executable = 'reason' in pinned ? pinned : await pinned.open()
  if ('reason' in executable) throw new Error(executable.reason)
  return executable
}

async function copied(name: string): Promise<string> {
  const file = path.join(root, name)
  await copyFile(cat, file)
  return file
}

test.runIf(isLinux)('a program that this user can replace is executed by way of the open file', async () => {
  const file = await copied('program')
  const executable = await openPinned(file)
  expect(executable).toMatchObject({ path: file, opensAgain: false })
  expect(executable.exec).toMatch(new RegExp(`^/proc/${process.pid}/fd/\\d+$`))
  executable.close()
})

test.runIf(isLinux && process.geteuid?.() !== 0)(
  'a program that only root can replace is executed by its path',
  async () => {
    const executable = await openPinned(cat)
    expect(executable.exec).toBe(await realpath(cat))
    executable.close()
  },
)

test('a script is executed by its true path, which its interpreter opens again', async () => {
  const file = path.join(root, 'script')
  await writeFile(file, '#!/bin/sh\n')
  await chmod(file, 0o755)
  await symlink('script', path.join(root, 'link'))
  const executable = await openPinned(path.join(root, 'link'))
  expect(executable).toMatchObject({ path: path.join(root, 'link'), exec: file })
  executable.close()
})

test('a file that was written into after it was opened is not the one that was allowed', async () => {
  const file = await copied('written')
  const executable = await openPinned(file)
  expect(executable.stillThere?.()).toBe(true)
  await appendFile(file, 'x')
  expect(executable.stillThere?.()).toBe(false)
  executable.close()
})

test('a folder, a file that nobody may execute, and one that is not there cannot be pinned', async () => {
  const file = path.join(root, 'text')
  await writeFile(file, '')
  expect(pinExecutable(root)).toMatchObject({ exitCode: 126, reason: expect.stringContaining('is not a file') })
  expect(pinExecutable(file)).toMatchObject({ exitCode: 126, reason: expect.stringContaining('not executable') })
  expect(pinExecutable(path.join(root, 'none'))).toMatchObject({ exitCode: 127 })
  expect(pinExecutable(`${file}/x`)).toMatchObject({ exitCode: 127 })
})

test.runIf(isLinux)('no file is left open, whether the open one was the right one or not', async () => {
  const file = await copied('counted')
  const pinned = pinExecutable(file)
  if ('reason' in pinned) throw new Error(pinned.reason)
  const before = readdirSync('/proc/self/fd').length
  for (let count = 0; count < 30; count += 1) {
    if (count === 15) await appendFile(file, 'x')
    const executable = await pinned.open()
    expect('reason' in executable).toBe(count >= 15)
    if ('close' in executable) executable.close()
  }
  await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThan(before + 5)
})
