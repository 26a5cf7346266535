import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findOnPath } from '../src/run/find-command.ts'
import { createPolicy } from '../src/run/policy.ts'
import type { RunResult } from '../src/run/result.ts'
import { runShell } from '../src/run/shell.ts'
import { testAttempt, testContext } from './run-context.ts'

let root: string
let folder: string
let rounds = 0

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'skyclaw-replaced-'))
})

beforeEach(async () => {
  rounds += 1
  folder = path.join(root, String(rounds))
  await mkdir(folder)
})

afterAll(() => rm(root, { recursive: true, force: true }))

const found = (name: string) => findOnPath(name, process.env['PATH']) ?? `no ${name}`

/** Allows a file as it is now, and runs it each time that it is called. */
function allow(file: string): (args?: string[]) => Promise<RunResult> {
  const context = testContext()
  const policy = createPolicy({ allowedCommands: [file], openclawCommand: 'none', path: undefined })
  return (args = []) => runShell({ ...context, policy }, { kind: 'shell', command: file, args }, testAttempt())
}

/** Does something over and over, beside the rest, until it is told to stop. */
function overAndOver(act: () => Promise<unknown>): () => Promise<number> {
  const end = new AbortController()
  let count = 0
  const loop = (async () => {
    while (!end.signal.aborted) {
      await act()
      count += 1
    }
  })()
  return async () => {
    end.abort()
    await loop
    return count
  }
}

async function script(file: string, text: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${text}\n`)
  await chmod(file, 0o755)
}

describe('a file that is allowed', () => {
  test('runs under its own name, with the path that was allowed as its argv[0]', async () => {
    const file = path.join(folder, 'tool')
    await copyFile(found('sh'), file)
    expect(await allow(file)(['-c', 'echo "$0"; tr "\\0" "\\n" < /proc/$$/cmdline | head -n 1'])).toMatchObject({
      success: true,
      stdout: `${file}\n${file}\n`,
    })
  })

  test('runs when it may be executed and not read', async () => {
    const file = path.join(folder, 'tool')
    await copyFile(found('true'), file)
    await chmod(file, 0o111)
    expect(await allow(file)()).toMatchObject({ success: true })
  })

  test.each(['written anew', 'replaced', 'changed in place'] as const)(
    'and was %s since the host started is refused with 126, and the sentence names the remedy',
    async (how) => {
      const file = path.join(folder, 'tool')
      await copyFile(found('true'), file)
      const run = allow(file)
      expect(await run()).toMatchObject({ success: true })
      if (how === 'written anew') {
        await rm(file)
        await copyFile(found('true'), file)
      } else if (how === 'replaced') {
        await copyFile(found('false'), `${file}.new`)
        await rename(`${file}.new`, file)
      } else {
        await chmod(file, 0o755)
        await writeFile(file, await readFile(found('false')))
      }
      const error = `${JSON.stringify(file)} was replaced since the host started; restart the host to allow the new file`
      expect(await run()).toMatchObject({ exitCode: 126, error })
    },
  )

  test('and whose symlink leads elsewhere since the host started is refused', async () => {
    const file = path.join(folder, 'tool')
    await symlink(found('true'), file)
    const run = allow(file)
    expect(await run()).toMatchObject({ success: true })
    await symlink(found('cat'), `${file}.new`)
    await rename(`${file}.new`, file)
    expect(await run()).toMatchObject({ exitCode: 126, error: expect.stringContaining('was replaced') })
  })

  test('and is gone is refused with 127', async () => {
    const file = path.join(folder, 'tool')
    await copyFile(found('true'), file)
    const run = allow(file)
    await rm(file)
    expect(await run()).toMatchObject({ exitCode: 127, error: expect.stringContaining(file) })
  })
})

/** How often a job is tried while its file changes, some at once: so often at least, and until it ran and was refused often. */
const tries = 200
const each = 20
const mostTries = 20_000
const atOnce = 4

async function runOften(run: (args: string[]) => Promise<RunResult>, mark: string): Promise<RunResult[]> {
  const results: RunResult[] = []
  const some = async () => {
    const isEnough = () =>
      results.length >= tries &&
      [0, 126].every((code) => results.filter(({ exitCode }) => exitCode === code).length >= each)
    while (!isEnough() && results.length < mostTries) results.push(await run([mark]))
  }
  await Promise.all(Array.from({ length: atOnce }, some))
  return results
}

describe('what is put into the place of an allowed file between check and start never runs', () => {
  test('be it another file, by way of its folder', async () => {
    const [here, right, wrong] = [path.join(folder, 'here'), path.join(folder, 'right'), path.join(folder, 'wrong')]
    const mark = path.join(folder, 'mark')
    await mkdir(here)
    await mkdir(wrong)
    await copyFile(found('true'), path.join(here, 'tool'))
    await copyFile(found('touch'), path.join(wrong, 'tool'))
    const run = allow(path.join(here, 'tool'))
    // The files themselves stay as they are, so that the right one is allowed each time that it is there.
    const stop = overAndOver(async () => {
      await rename(here, right)
      await rename(wrong, here)
      await rename(here, wrong)
      await rename(right, here)
    })
    const results = await runOften(run, mark)
    expect(await stop()).toBeGreaterThan(0)
    expect(results.map(({ exitCode }) => exitCode)).toEqual(expect.arrayContaining([0, 126]))
    await expect(stat(mark)).rejects.toThrow('ENOENT')
  })

  test('be it a symlink that leads elsewhere', async () => {
    const file = path.join(folder, 'tool')
    const mark = path.join(folder, 'mark')
    await symlink(found('true'), file)
    const run = allow(file)
    let index = 0
    const stop = overAndOver(async () => {
      index += 1
      await symlink(found(index % 2 === 0 ? 'true' : 'touch'), `${file}.new`)
      await rename(`${file}.new`, file)
    })
    const results = await runOften(run, mark)
    expect(await stop()).toBeGreaterThan(0)
    // Both were met, and all that ran was the right one.
    expect(new Set(results.map(({ exitCode }) => exitCode))).toEqual(new Set([0, 126]))
    await expect(stat(mark)).rejects.toThrow('ENOENT')
  })
})

describe('a script', () => {
  test('knows its own path, and reads its arguments as they are', async () => {
    const file = path.join(folder, 'tool')
    await script(file, 'printf "%s\\n" "$0" "$@"')
    expect(await allow(file)(['$HOME', '`id`', '; ls', '-n'])).toMatchObject({
      stdout: `${file}\n$HOME\n\`id\`\n; ls\n-n\n`,
    })
  })

  test('that was replaced since the host started is refused', async () => {
    const file = path.join(folder, 'tool')
    await script(file, 'echo right')
    const run = allow(file)
    await script(`${file}.new`, 'echo wrong')
    await rename(`${file}.new`, file)
    expect(await run()).toMatchObject({ exitCode: 126, stdout: '', error: expect.stringContaining('was replaced') })
  })

  test('that is replaced while it starts is ended at once, and the job fails with 126', async () => {
    const file = path.join(folder, 'tool')
    await script(file, 'exec sleep 60')
    const context = testContext()
    const policy = createPolicy({ allowedCommands: [file], openclawCommand: 'none', path: undefined })
    await script(`${file}.new`, 'exec sleep 60')
    const moved = Promise.withResolvers<void>()
    const attempt = testAttempt({ onStart: () => void rename(`${file}.new`, file).then(moved.resolve) })
    const payload = { kind: 'shell', command: file } as const
    expect(await runShell({ ...context, policy }, payload, attempt)).toMatchObject({
      success: false,
      exitCode: 126,
      error: `${JSON.stringify(file)} was replaced while it was started`,
    })
    await moved.promise
  })
})
