import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeLeftTempFolders } from '../src/run/job-temp-folder.ts'
import type { AttemptRun, RunContext } from '../src/run/run-context.ts'
import { runPayload } from '../src/run/run-payload.ts'
import { testAttempt, testContext } from './run-context.ts'

let root: string
let dir: string
let openclawCommand: string

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'skyclaw-openclaw-'))
  dir = await mkdtemp('/tmp/sky-')
  openclawCommand = path.join(root, 'openclaw')
  await writeFile(
    openclawCommand,
    `#!/bin/sh
mkdir -p "$TMPDIR/openclaw-agent-exec-x/y"
[ "$(cat)" = locked ] && chmod 500 "$TMPDIR/openclaw-agent-exec-x"
echo "{\\"ok\\":true,\\"final\\":\\"$TMPDIR\\"}"
`,
  )
  await chmod(openclawCommand, 0o755)
})

afterAll(() => Promise.all([root, dir].map((folder) => rm(folder, { recursive: true, force: true }))))

function run(message: string, tag: string, context: Partial<RunContext> = {}, env: Record<string, string> = {}) {
  const attempt: Partial<AttemptRun> = { tag }
  const payload = { kind: 'openclaw-run', message, env } as const
  return runPayload(testContext({ openclawCommand, dir, ...context }), payload, testAttempt(attempt))
}

describe('the temporary directory of an openclaw job', () => {
  test('is its own, below the folder of the host, and gone after the attempt', async () => {
    const { openclaw } = await run('', 'attempt-one')
    expect(openclaw?.final).toBe(path.join(dir, 'tmp', 'attempt-one'))
    expect(await tempFolders()).toEqual([])
  })

  test('has a short path, below which sockets can be made, however deep the folder of the host lies', async () => {
    const deep = path.join(dir, 'deep-down'.repeat(10))
    const system = await mkdtemp('/tmp/s-')
    const environment = { PATH: process.env['PATH'], TMPDIR: system }
    const { openclaw } = await run('', 'attempt-two', { dir: deep, environment })
    expect(openclaw?.final).toBe(path.join(system, 'skyclaw-attempt-two'))
    expect(await readdir(system)).toEqual([])
    expect(await readdir(path.join(deep, 'tmp'))).toEqual([])
    await rm(system, { recursive: true })
  })

  test('is gone also when folders in it may not be written', async () => {
    const { openclaw } = await run('locked', 'attempt-locked')
    expect(openclaw?.final).toContain('attempt-locked')
    expect(await tempFolders()).toEqual([])
  })

  test('may not be chosen by the job', async () => {
    expect(await run('', 'attempt-six', {}, { TMPDIR: '/tmp' })).toMatchObject({
      exitCode: 126,
      error: 'an OpenClaw job may not set TMPDIR: it has a temporary directory of its own',
    })
  })

  test('is removed at the next start after a crash, wherever it is', async () => {
    const system = path.join(root, 'system')
    const own = path.join(root, 'crashed')
    await mkdir(path.join(system, 'skyclaw-attempt-four', 'x'), { recursive: true })
    await mkdir(path.join(own, 'tmp', 'attempt-three', 'x'), { recursive: true })
    await writeFile(path.join(own, 'tmp', 'attempt-four'), '')
    await writeFile(path.join(system, 'skyclaw-attempt-five'), 'of another host')
    await removeLeftTempFolders(own, system)
    expect(await readdir(path.join(own, 'tmp'))).toEqual([])
    expect(await readdir(system)).toEqual(['skyclaw-attempt-five'])
  })
})

async function tempFolders(): Promise<string[]> {
  return (await readdir(path.join(dir, 'tmp'))).filter((name) => name !== 'compile-cache')
}
