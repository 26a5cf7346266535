import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { OpenclawPayload } from '@skyclaw/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runPayload } from '../src/run/run-payload.ts'
import { testAttempt, testContext } from './run-context.ts'

let root: string
let standIn: string

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'skyclaw-openclaw-'))
  standIn = path.join(root, 'openclaw')
  await writeFile(
    standIn,
    `#!/usr/bin/env node
const input = require('node:fs').readFileSync(0, 'utf8')
const args = process.argv.slice(2)
if (input === 'fail') { console.log(JSON.stringify({ ok: false, error: { message: 'the model is gone' } })); process.exit(1) }
if (input === 'slow' || args[0] === 'slow') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, args[0] === 'slow' ? 60000 : 600)
if (input === 'garble') { console.log('oops'); process.exit(2) }
console.log(JSON.stringify({ ok: true, args, input }))
`,
  )
  await chmod(standIn, 0o755)
})

afterAll(() => rm(root, { recursive: true, force: true }))

function run(payload: Omit<OpenclawPayload, 'kind'>, openclawCommand = standIn) {
  const context = testContext({ openclawCommand, timeoutMs: 60_000 })
  return runPayload(context, { kind: 'openclaw-run', ...payload }, testAttempt())
}

describe('an openclaw job', () => {
  test('with args runs the command with exactly those', async () => {
    const { stdout, exitCode } = await run({ args: ['run', '--x', ''] })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ ok: true, args: ['run', '--x', ''], input: '' })
  })

  test('with a message runs one headless turn that reads the message from stdin', async () => {
    const { stdout } = await run({
      message: '--not an option\n',
      model: 'p/m',
      thinking: 'low',
      stateDir: '/s',
      cwd: root,
      timeoutMs: 1_500,
    })
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      args: `agent exec --json --message-file - --timeout 2 --cwd ${root} --model p/m --thinking low --state-dir /s`.split(
        ' ',
      ),
      input: '--not an option\n',
    })
    expect(JSON.parse((await run({ message: 'hi' })).stdout)).toMatchObject({
      args: ['agent', 'exec', '--json', '--message-file', '-', '--timeout', '60'],
    })
  })

  test("has OpenClaw's own error message as its error, or the exit code when there is none", async () => {
    expect(await run({ message: 'fail' })).toMatchObject({ success: false, exitCode: 1, error: 'the model is gone' })
    expect(await run({ message: 'garble' })).toMatchObject({ success: false, exitCode: 2, error: 'exited with code 2' })
  })

  test('leaves a headless turn time for its cold start beyond its time limit, and other arguments none', async () => {
    expect(await run({ message: 'slow', timeoutMs: 100 })).toMatchObject({ success: true, exitCode: 0 })
    expect(await run({ args: ['slow'], timeoutMs: 300 })).toMatchObject({ exitCode: 124, timedOut: true })
  })

  test('is refused when a value would be read as an option, and 127 when there is no OpenClaw', async () => {
    expect(await run({ message: 'x', model: '--config' })).toMatchObject({
      exitCode: 126,
      error: expect.stringContaining('model'),
    })
    expect(await run({ args: [] }, 'openclaw-is-not-here')).toMatchObject({
      exitCode: 127,
      error: expect.stringContaining('SKYCLAW_OPENCLAW_COMMAND'),
    })
  })
})
