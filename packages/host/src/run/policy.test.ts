import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { offeredCapabilities } from '../capabilities.ts'
import { HostError } from '../errors.ts'
import type { Permit, Refusal } from './permit.ts'
import { createPolicy } from './policy.ts'

let root: string
let searched: string

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'skyclaw-policy-'))
  for (const folder of ['first', 'second', 'first/folder']) await mkdir(path.join(root, folder))
  for (const file of ['first/plain', 'second/tool', 'second/plain', 'second/folder', 'second/openclaw']) {
    await writeFile(path.join(root, file), '#!/bin/sh\n')
    await chmod(path.join(root, file), file === 'first/plain' ? 0o644 : 0o755)
  }
  searched = ['relative', '', path.join(root, 'first'), path.join(root, 'second')].join(path.delimiter)
})

afterAll(() => rm(root, { recursive: true, force: true }))

function policyOf(allowedCommands: string[], openclawCommand = 'openclaw') {
  return createPolicy({ allowedCommands, openclawCommand, path: searched })
}

/** The file that a command runs as, or the refusal. */
async function fileOf(allowedCommands: string[], command: string) {
  const permit = policyOf(allowedCommands).decide({ command, args: [] })
  return opened(permit)
}

async function opened(permit: Permit | Refusal) {
  const executable = 'reason' in permit ? permit : await permit.open()
  if ('reason' in executable) return executable
  executable.close()
  return executable.path
}

describe('allowlist', () => {
  test('a bare name stands for the first executable file on the PATH of the host', async () => {
    const allowed = ['tool', ' plain ', 'folder', '']
    expect(await fileOf(allowed, 'tool')).toBe(path.join(root, 'second/tool'))
    expect(await fileOf(allowed, 'plain')).toBe(path.join(root, 'second/plain'))
    expect(await fileOf(allowed, 'folder')).toBe(path.join(root, 'second/folder'))
  })

  const lookAlikes = ['ｔool', 'tооl', 'tool\u200b', 'too\u0308l', '\ufefftool', 'too\u006c\u0301', 'tool\0', 'tool\n']

  test.each([
    './tool',
    'bin/tool',
    '../tool',
    'tool ',
    ' tool',
    'TOOL',
    '',
    '.',
    'second/tool',
    'toolx',
    ...lookAlikes,
  ])('%j is refused with 126 and the name of the setting when only tool is allowed', (command) => {
    const refusal = policyOf(['tool']).decide({ command, args: [] })
    expect(refusal).toMatchObject({ exitCode: 126 })
    expect(JSON.stringify(refusal)).toContain('SKYCLAW_ALLOWED_COMMANDS')
  })

  test('an allowed name with an accent matches in exactly the form that was allowed', async () => {
    const name = 'gr\u00fcn'
    await copyFile(path.join(root, 'second/tool'), path.join(root, 'second', name))
    expect(await fileOf([name], name)).toBe(path.join(root, 'second', name))
    expect(await fileOf([name], name.normalize('NFD'))).toMatchObject({ exitCode: 126 })
  })

  test('the file of an allowed bare name is refused by its path, and an allowed path by its bare name', async () => {
    const file = path.join(root, 'second/tool')
    expect(await fileOf(['tool'], file)).toMatchObject({ exitCode: 126 })
    expect(await fileOf([file], 'tool')).toMatchObject({ exitCode: 126 })
    expect(await fileOf([file], `${root}/first/../second/tool`)).toMatchObject({ exitCode: 126 })
    expect(await fileOf([file], file)).toBe(file)
  })

  test('an allowed command that is not there is told at start, and answers 127 when asked for', async () => {
    const gone = path.join(root, 'gone')
    expect(policyOf(['tool', 'absent', gone]).missing).toEqual(['absent', gone])
    expect(await fileOf(['absent'], 'absent')).toMatchObject({ exitCode: 127 })
    expect(await fileOf([gone], gone)).toMatchObject({ exitCode: 127 })
    expect(await fileOf([path.join(root, 'first')], path.join(root, 'first'))).toMatchObject({ exitCode: 126 })
  })

  test.each(['./tool', 'bin/tool', '../x'])('the entry %j could never match and is an error that names it', (entry) => {
    expect(() => policyOf([entry])).toThrow(HostError)
    expect(() => policyOf([entry])).toThrow(entry)
  })

  test('the OpenClaw command runs for openclaw-run without being listed, and for shell only when listed', async () => {
    const file = path.join(root, 'second/openclaw')
    expect(await opened(policyOf([]).openclaw)).toBe(file)
    expect(await fileOf([], 'openclaw')).toMatchObject({ exitCode: 126 })
    expect(await fileOf(['openclaw'], 'openclaw')).toBe(file)
    expect(policyOf([], 'absent').openclaw).toMatchObject({ exitCode: 127 })
  })
})

describe('capabilities', () => {
  test('by itself a host offers shell when something is allowed, and openclaw when its command is there', () => {
    expect(offeredCapabilities(undefined, policyOf([]))).toEqual({ capabilities: ['openclaw'], warnings: [] })
    expect(offeredCapabilities(undefined, policyOf(['tool'], 'absent')).capabilities).toEqual(['shell'])
  })

  test('configured capabilities are normalised, and those that the host cannot have are left out with a warning', () => {
    const offer = offeredCapabilities([' GPU', 'shell', 'gpu', 'openclaw', ''], policyOf([], 'absent'))
    expect(offer.capabilities).toEqual(['gpu'])
    expect(offer.warnings.join()).toContain('SKYCLAW_ALLOWED_COMMANDS')
    expect(offer.warnings.join()).toContain('SKYCLAW_OPENCLAW_COMMAND')
    expect(offeredCapabilities(['gpu'], policyOf(['tool']))).toEqual({
      capabilities: ['gpu'],
      warnings: ['shell is not offered: SKYCLAW_CAPABILITIES does not name it, so no job runs the allowed commands'],
    })
    expect(offeredCapabilities(['gpu'], policyOf([])).warnings).toEqual([])
  })
})
