import { chmod, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ShellPayload } from '@skyclaw/protocol'
import { Value } from '@sinclair/typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPolicy } from '../src/run/policy.ts'
import { runPayload } from '../src/run/run-payload.ts'
import type { RunResult } from '../src/run/result.ts'
import type { RunContext } from '../src/run/run-context.ts'
import { testAttempt, testContext } from './run-context.ts'

// Who may enqueue jobs, and may write in the folders in which they work, wants a host to run what it does not allow.

let root: string
/** A program that would tell that it ran. */
let evil: string

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'skyclaw-around-')))
  evil = path.join(root, 'evil')
  for (const folder of ['evil/bin', 'work', 'outside']) await mkdir(path.join(root, folder), { recursive: true })
  for (const name of ['evil/cat', 'evil/bin/cat', 'evil/sh', 'evil/x.so', 'evil/init', 'evil/init.cjs']) {
    await writeFile(path.join(root, name), '#!/bin/sh\necho evil\n')
    await chmod(path.join(root, name), 0o755)
  }
  await writeFile(path.join(evil, 'init.cjs'), 'console.log("evil")')
})

afterAll(() => rm(root, { recursive: true, force: true }))

function run(payload: Omit<ShellPayload, 'kind'>, context: Partial<RunContext> = {}) {
  return runPayload(testContext(context), { kind: 'shell', ...payload }, testAttempt())
}

describe('a command', () => {
  test.each(['./cat', 'bin/cat', '../evil/cat', 'evil/cat', '.', '..', '~/cat', '$SHELL', 'cat;id', 'cat id', 'cat\n'])(
    'given as %j does not run for an allowed cat, even in a folder that has one of that name',
    async (command) => {
      expect(await run({ command, cwd: evil })).toMatchObject({ exitCode: 126, stdout: '' })
    },
  )

  test('in another folder does not run for an allowed one of that name', async () => {
    expect(await run({ command: path.join(evil, 'cat') })).toMatchObject({ exitCode: 126, stdout: '' })
  })

  test('is never looked for in the folder of the job', async () => {
    expect(await run({ command: 'cat', args: ['init'], cwd: evil })).toMatchObject({
      exitCode: 0,
      stdout: '#!/bin/sh\necho evil\n',
    })
  })

  test.each(['a\0b', '\0', 'cat\0'])(
    'or an argument with a NUL, as in %j, is no valid payload, and never runs',
    async (text) => {
      expect(Value.Check(ShellPayload, { kind: 'shell', command: 'cat', args: ['a'] })).toBe(true)
      expect(Value.Check(ShellPayload, { kind: 'shell', command: text })).toBe(false)
      expect(Value.Check(ShellPayload, { kind: 'shell', command: 'cat', args: [text] })).toBe(false)
      expect(await run({ command: text })).toMatchObject({ exitCode: 126 })
      expect(await run({ command: 'cat', args: [text] })).toMatchObject({ success: false, exitCode: 126, stdout: '' })
      expect(await run({ command: 'cat', cwd: text })).toMatchObject({ exitCode: 126 })
    },
  )
})

describe('an environment', () => {
  test.each([
    ['PATH', () => evil],
    ['LD_PRELOAD', () => path.join(evil, 'x.so')],
    ['LD_LIBRARY_PATH', () => evil],
    ['NODE_OPTIONS', () => `--require=${evil}/init.cjs`],
    ['BASH_ENV', () => path.join(evil, 'init')],
    ['ENV', () => path.join(evil, 'init')],
    ['BASH_FUNC_cat%%', () => '() { echo evil; }'],
    ['X', () => '() { :; }; echo evil'],
    ['SKYCLAW_ATTEMPT', () => 'other'],
  ])('that sets %s is refused with its name, as a secret too', async (name, value) => {
    for (const env of [{ env: { [name]: value() } }, { secretEnv: { [name]: value() } }]) {
      const result = await run({ command: 'node', args: ['-p', '1'], ...env })
      expect(result).toMatchObject({ exitCode: 126, stdout: '', error: expect.stringContaining(` ${name} `) })
    }
  })

  test('has the PATH of the host, and of the host nothing that it did not mean to give', async () => {
    const own = { PATH: process.env['PATH'], SKYCLAW_TOKEN: 'sky', NODE_OPTIONS: '--no-warnings', SECRET: 'sky' }
    const { stdout } = await run(
      { command: 'sh', args: ['-c', 'env'] },
      { environment: own, inheritEnv: ['SKYCLAW_TOKEN'] },
    )
    expect(stdout).toContain(`PATH=${own.PATH}\n`)
    expect(stdout).not.toMatch(/sky$|NODE_OPTIONS|SECRET/m)
  })
})

describe('arguments', () => {
  test.each([
    ';',
    '&&',
    '|',
    '$(id)',
    '`id`',
    '$HOME',
    '*',
    '~',
    '> x',
    '\n',
    "'",
    '"',
    '\\',
    '%PATH%',
    '{a,b}',
    '-',
    '',
  ])('are passed as they are: nothing takes %j for more than a text', async (text) => {
    const result = await run({
      command: 'sh',
      args: ['-c', 'printf "%s" "$1"', 'sh', text],
      cwd: path.join(root, 'work'),
    })
    expect(result).toMatchObject({ success: true, stdout: text })
  })

  test('that begin with a dash pass no wildcard of a policy file, but one with a dash', async () => {
    const file = path.join(root, 'policy.yaml')
    await writeFile(file, "version: 1\ncommands:\n  - { command: cat, args: [['*'], [--, '-**']] }\n")
    const policy = createPolicy({
      allowedCommands: ['cat'],
      openclawCommand: 'none',
      policyFile: file,
      path: process.env['PATH'],
    })
    const cat = (...args: string[]) => run({ command: 'cat', args, cwd: evil }, { policy })
    expect(await cat('init.cjs')).toMatchObject({ exitCode: 0, stdout: 'console.log("evil")' })
    expect(await cat('--', '-n')).toMatchObject({ exitCode: 1 })
    for (const args of [['-n'], ['--number'], ['-'], ['init', '-n'], ['-n', '--'], []]) {
      expect(await cat(...args)).toMatchObject({
        exitCode: 126,
        stdout: '',
        error: expect.stringContaining(`line 3 of ${file}`),
      })
    }
  })

  test('that a policy file refuses are refused under every name of the file', async () => {
    const file = path.join(root, 'named.yaml')
    const cat = path.join(root, 'tools/cat')
    await mkdir(path.dirname(cat), { recursive: true })
    await symlink('../evil/cat', cat)
    await writeFile(file, 'version: 1\ncommands:\n  - { command: cat, args: [[a]] }\n')
    const policy = createPolicy({
      allowedCommands: [cat],
      openclawCommand: 'none',
      policyFile: file,
      path: path.dirname(cat),
    })
    expect(await run({ command: cat, args: ['b'] }, { policy })).toMatchObject({ exitCode: 126, stdout: '' })
    expect(await run({ command: 'cat', args: ['a'] }, { policy })).toMatchObject({ stdout: 'evil\n' })
  })
})

describe('a working directory', () => {
  test('outside the roots is refused, by symlinks and dots too', async () => {
    await symlink('../outside', path.join(root, 'work/link'))
    const workRoots = [path.join(root, 'work')]
    for (const cwd of ['outside', 'work/link', 'work/../outside', 'evil']) {
      const result = await run({ command: 'sh', args: ['-c', 'pwd'], cwd: `${root}/${cwd}` }, { workRoots })
      expect(result).toMatchObject({ exitCode: 126, stdout: '', error: expect.stringContaining('SKYCLAW_WORK_ROOTS') })
    }
    expect(await run({ command: 'sh', args: ['-c', 'echo $PWD; pwd -P'] }, { workRoots })).toMatchObject({
      stdout: `${workRoots[0]}\n${workRoots[0]}\n`,
    })
  })

  test('that is swapped with a symlink in a loop never leads a job out of the roots', async () => {
    const at = (name: string) => path.join(root, 'work', name)
    await mkdir(at('place'))
    await symlink('../outside', at('trap'))
    const end = new AbortController()
    const swapping = (async () => {
      while (!end.signal.aborted) {
        await rename(at('place'), at('real'))
        await rename(at('trap'), at('place'))
        await rename(at('place'), at('trap'))
        await rename(at('real'), at('place'))
      }
    })()
    const workRoots = [path.join(root, 'work')]
    const results: RunResult[] = []
    const isEnough = () =>
      results.length >= 100 &&
      [0, 126].every((code) => results.filter(({ exitCode }) => exitCode === code).length >= 10)
    const some = async () => {
      while (!isEnough() && results.length < 20_000) {
        results.push(await run({ command: 'sh', args: ['-c', 'pwd -P; : > mark'], cwd: at('place') }, { workRoots }))
      }
    }
    await Promise.all([some(), some(), some()])
    end.abort()
    await swapping
    expect(results.filter(({ stdout }) => stdout.includes('outside'))).toEqual([])
    expect(results.map(({ exitCode }) => exitCode)).toEqual(expect.arrayContaining([0, 126]))
    expect(await run({ command: 'cat', args: [path.join(root, 'outside/mark')] })).toMatchObject({ exitCode: 1 })
  })
})
