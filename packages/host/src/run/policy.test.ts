import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { offeredCapabilities } from '../capabilities.ts'
import { HostError } from '../errors.ts'
import type { Permit, Refusal } from './permit.ts'
import { type CommandPolicy, createPolicy } from './policy.ts'

let root: string
let searched: string

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'skyclaw-policy-')))
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

describe('with a policy file', () => {
  async function withFile(text: string, allowedCommands: string[] = []) {
    const policyFile = path.join(root, 'policy.yaml')
    await writeFile(policyFile, text)
    return createPolicy({ allowedCommands, openclawCommand: 'openclaw', policyFile, path: searched })
  }

  function permitOf(policy: CommandPolicy, command: string, ...args: string[]): Permit {
    const permit = policy.decide({ command, args })
    if ('reason' in permit) throw new Error(permit.reason)
    return permit
  }

  test('a host offers shell when the file alone allows something', async () => {
    expect((await withFile('version: 1\n')).allowsShell).toBe(false)
    const policy = await withFile('version: 1\ncommands: [{ command: tool }, { command: absent }]\n')
    expect(policy).toMatchObject({ allowsShell: true, missing: ['absent'] })
  })

  test('the first rule that fits decides about the arguments, and about all the rest', async () => {
    const policy = await withFile(`version: 1
limits: { time: 1h }
commands:
  - { command: tool, args: [[a], [b]], env: [PATH], limits: { time: 1m } }
  - { command: tool, args: [['*']], roots: [${root}] }
`)
    const [first, second] = [permitOf(policy, 'tool', 'b'), permitOf(policy, 'tool', 'c')]
    expect(first).toMatchObject({ rule: `${root}/policy.yaml:4`, roots: [], limits: { timeoutMs: 60_000 } })
    expect(second).toMatchObject({ rule: `${root}/policy.yaml:5`, roots: [root], limits: { timeoutMs: 3_600_000 } })
    expect(['PATH', 'A'].map((name) => [first.allowsEnv(name), second.allowsEnv(name)])).toEqual([
      [true, false],
      [false, true],
    ])
    expect(policy.decide({ command: 'tool', args: ['a', 'b'] })).toMatchObject({
      exitCode: 126,
      reason: expect.stringContaining(`the rules in lines 4, 5 of ${root}/policy.yaml take others`),
    })
  })

  test('the allowlist counts no more for what the file names, under no name, and goes on to count for the rest', async () => {
    const text = 'version: 1\nlimits: { memory: 1GiB }\ncommands: [{ command: tool, args: [[a]] }]\n'
    await symlink('second', path.join(root, 'third'))
    const policy = await withFile(text, ['tool', `${root}/second/tool`, `${root}/third/tool`, 'plain'])
    expect(policy.decide({ command: `${root}/third/tool`, args: ['b'] })).toMatchObject({ exitCode: 126 })
    expect(policy.decide({ command: 'tool', args: ['b'] })).toMatchObject({ exitCode: 126 })
    expect(policy.decide({ command: `${root}/second/tool`, args: ['b'] })).toMatchObject({
      exitCode: 126,
      reason: expect.stringContaining('is the same file as "tool"'),
    })
    expect(permitOf(policy, 'plain', 'b')).toMatchObject({
      rule: 'SKYCLAW_ALLOWED_COMMANDS',
      limits: { memoryBytes: 2 ** 30 },
    })
    expect(policy.decide({ command: 'folder', args: [] })).toMatchObject({
      reason: expect.stringContaining(`neither SKYCLAW_ALLOWED_COMMANDS nor ${root}/policy.yaml lists it`),
    })
  })

  test('what stands at the top holds for OpenClaw, too', async () => {
    const { openclaw } = await withFile(`version: 1\nroots: [${root}]\nenv: [A]\nlimits: { time: 5m }\n`)
    expect(openclaw).toMatchObject({ roots: [root], limits: { timeoutMs: 300_000 } })
    expect(['A', 'B'].map((name) => 'allowsEnv' in openclaw && openclaw.allowsEnv(name))).toEqual([true, false])
  })

  test('patterns that take too long for the arguments refuse the job', async () => {
    const policy = await withFile("version: 1\ncommands: [{ command: tool, args: [['/(a+)+/']] }]\n")
    expect(policy.decide({ command: 'tool', args: [`${'a'.repeat(60)}b`] })).toMatchObject({
      exitCode: 126,
      reason: expect.stringContaining('took too long'),
    })
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
