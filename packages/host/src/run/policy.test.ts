import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { offeredCapabilities } from '../capabilities.ts'
import { HostError } from '../errors.ts'
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

describe('allowlist', () => {
  test('a bare name stands for the first executable file on the PATH of the host', () => {
    const policy = policyOf(['tool', ' plain ', 'folder', ''])
    expect(policy.resolve('tool')).toEqual({ file: path.join(root, 'second/tool') })
    expect(policy.resolve('plain')).toEqual({ file: path.join(root, 'second/plain') })
    expect(policy.resolve('folder')).toEqual({ file: path.join(root, 'second/folder') })
  })

  test.each(['./tool', 'bin/tool', '../tool', 'tool ', 'TOOL', '', '.', 'second/tool', 'toolx'])(
    '%j is refused with 126 and the name of the setting when only tool is allowed',
    (command) => {
      const resolution = policyOf(['tool']).resolve(command)
      expect(resolution).toMatchObject({ exitCode: 126 })
      expect(JSON.stringify(resolution)).toContain('SKYCLAW_ALLOWED_COMMANDS')
    },
  )

  test('the file of an allowed bare name is refused by its path, and an allowed path by its bare name', () => {
    const file = path.join(root, 'second/tool')
    expect(policyOf(['tool']).resolve(file)).toMatchObject({ exitCode: 126 })
    expect(policyOf([file]).resolve('tool')).toMatchObject({ exitCode: 126 })
    expect(policyOf([file]).resolve(file)).toEqual({ file })
  })

  test('an allowed name that is not there is told at start, and answers 127 when asked for', () => {
    const policy = policyOf(['tool', 'absent'])
    expect(policy.missing).toEqual(['absent'])
    expect(policy.resolve('absent')).toMatchObject({ exitCode: 127 })
  })

  test.each(['./tool', 'bin/tool', '../x'])('the entry %j could never match and is an error that names it', (entry) => {
    expect(() => policyOf([entry])).toThrow(HostError)
    expect(() => policyOf([entry])).toThrow(entry)
  })

  test('the OpenClaw command runs for openclaw-run without being listed, and for shell only when listed', () => {
    const policy = policyOf([])
    expect(policy.openclaw).toEqual({ file: path.join(root, 'second/openclaw') })
    expect(policy.resolve('openclaw')).toMatchObject({ exitCode: 126 })
    expect(policyOf(['openclaw']).resolve('openclaw')).toEqual({ file: path.join(root, 'second/openclaw') })
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
