import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { OpenclawPayload } from '@skyclaw/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AttemptRun } from '../src/run/run-context.ts'
import { runPayload } from '../src/run/run-payload.ts'
import { isAlive, testAttempt, testContext } from './run-context.ts'

let root: string
let dir: string
let standIn: string

/** What the stand-in prints for a message that names it, before it ends with the code. */
const answers = {
  plain: {
    code: 0,
    stdout: {
      ok: true,
      status: 'ok',
      final: 'done',
      payloads: [],
      usage: { total: 18 },
      model: 'm',
      provider: 'p',
      sessionId: 's',
      toolSummary: { calls: 1 },
      later: 1,
    },
  },
  fails: {
    code: 1,
    stdout: {
      ok: false,
      status: 'error',
      final: '',
      model: null,
      error: { message: 'the model is gone', kind: 'exception' },
    },
  },
  late: {
    code: 2,
    stdout: { ok: false, status: 'timeout', final: '', error: { message: 'Request timed out', kind: 'timeout' } },
  },
  fibs: { code: 0, stdout: { ok: false, status: 'error', payloads: [{ text: 'it did not work', isError: true }] } },
  object: { code: 0, stdout: { ok: true, final: { text: 'within' } } },
  parts: { code: 0, stdout: { ok: true, payloads: [{ text: 'one' }, { text: 'two' }] } },
  warned: {
    code: 0,
    stdout:
      '(node:1) Warning: {x}\n{"level":"warn"}\n{ not JSON\n{\n  "ok": true,\n  "final": "so } far \\""\n}\nbye {\n',
  },
  cut: { code: 0, stdout: '{\n  "ok": true,\n  "final": "half of it' },
  silent: { code: 0, stdout: '' },
  garble: { code: 2, stdout: 'oops\n' },
  long: { code: 0, stdout: { ok: true, final: 'a'.repeat(300_000) } },
  endless: { code: 0, stdout: { ok: true, final: 'kept', payloads: 'a'.repeat(1_100_000) } },
  secret: { code: 1, stdout: '{"ok":false,"final":"swordfish \\u0073wordfish","error":"no swordfish"}' },
} as const

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'skyclaw-openclaw-'))
  dir = await mkdtemp(path.join(tmpdir(), 'sky-'))
  for (const [name, { stdout }] of Object.entries(answers)) {
    await writeFile(
      path.join(root, name),
      typeof stdout === 'string' ? stdout : `${JSON.stringify(stdout, undefined, 2)}\n`,
    )
  }
  standIn = path.join(root, 'openclaw')
  const codes = Object.entries(answers).map(([name, { code }]) => `${name}) cat ${root}/${name}; exit ${code} ;;`)
  await writeFile(
    standIn,
    `#!/bin/sh
message=$(cat)
case "$message" in
${codes.join('\n')}
killed) echo '{"ok":true,'; kill -9 $$ ;;
asked) trap 'exit 143' TERM; kill -TERM $$ ;;
hang) echo "$$"; trap 'exit 143' TERM; sleep 60 & wait ;;
slow) sleep 0.5 ;;
esac
[ "$1" = slow ] && sleep 60
[ "$1" = fail ] && { echo '{"ok":false,"error":"no such command"}'; exit 1; }
printf '{"ok":true,"final":"%s|%s|%s"}' "$*" "$message" "$(pwd -P)"
`,
  )
  await chmod(standIn, 0o755)
})

afterAll(() => Promise.all([root, dir].map((folder) => rm(folder, { recursive: true, force: true }))))

interface Options {
  openclawCommand?: string
  attempt?: Partial<AttemptRun>
  dir?: string
  maxOutputBytes?: number
  workRoots?: string[]
}

function run(payload: Omit<OpenclawPayload, 'kind'>, { attempt, ...options }: Options = {}) {
  const context = testContext({ openclawCommand: standIn, timeoutMs: 60_000, dir, ...options })
  return runPayload(context, { kind: 'openclaw-run', ...payload }, testAttempt(attempt))
}

describe('an openclaw job with args', () => {
  test('runs the command with exactly those, and its result is whatever it answers', async () => {
    const { stdout, exitCode, openclaw } = await run({ args: ['run', '--x', ''] })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ ok: true, final: `run --x ||${process.cwd()}` })
    expect(openclaw).toBeUndefined()
    expect(await run({ args: ['fail'] })).toMatchObject({ success: false, exitCode: 1, error: 'no such command' })
  })

  test('has exactly the time its job gives it', async () => {
    expect(await run({ args: ['slow'], timeoutMs: 300 })).toMatchObject({ exitCode: 124, timedOut: true })
  })
})

describe('an openclaw job with a message', () => {
  test('runs one headless turn that reads the message from stdin', async () => {
    const turn = await run({
      message: '--not an option',
      model: 'p/m',
      thinking: 'low',
      stateDir: '/s',
      cwd: root,
      timeoutMs: 1_500,
    })
    const args = `agent exec --json --message-file - --timeout 2 --cwd ${root} --model p/m --thinking low --state-dir /s`
    expect(turn.openclaw?.final).toBe(`${args}|--not an option|${root}`)
    const here = process.cwd()
    expect((await run({ message: 'hi' })).openclaw?.final).toBe(
      `agent exec --json --message-file - --timeout 60|hi|${here}`,
    )
    // OpenClaw would look for a relative folder in the folder that it is started in already.
    const relative = await run({ message: 'hi', cwd: path.relative(here, root) })
    expect(relative.openclaw?.final).toBe(`agent exec --json --message-file - --timeout 60 --cwd .|hi|${root}`)
    // Where the folder matters, the one that was looked at counts, whatever its path leads to by now.
    const bound = await run({ message: 'hi', cwd: root }, { workRoots: [root] })
    expect(bound.openclaw?.final).toBe(`agent exec --json --message-file - --timeout 60 --cwd .|hi|${root}`)
    expect(await run({ message: 'hi', cwd: '/' }, { workRoots: [root] })).toMatchObject({ exitCode: 126 })
  })

  test('has the answer in its result', async () => {
    const { later: _, payloads: __, ok: ___, ...openclaw } = answers.plain.stdout
    expect(await run({ message: 'plain' })).toMatchObject({ success: true, exitCode: 0, openclaw })
    expect((await run({ message: 'plain' })).openclaw).toEqual(openclaw)
  })

  test('understands answers of other shapes, and text around them', async () => {
    expect((await run({ message: 'object' })).openclaw).toEqual({ final: 'within' })
    expect((await run({ message: 'parts' })).openclaw).toEqual({ final: 'one\n\ntwo' })
    expect(await run({ message: 'warned' })).toMatchObject({ success: true, openclaw: { final: 'so } far "' } })
  })

  test("has OpenClaw's own error message as its error, or the exit code when there is none", async () => {
    expect(await run({ message: 'fails' })).toMatchObject({
      success: false,
      exitCode: 1,
      error: 'the model is gone',
      openclaw: { status: 'error' },
    })
    expect(await run({ message: 'fibs' })).toMatchObject({ success: false, exitCode: 0, error: 'it did not work' })
    const garbled = await run({ message: 'garble' })
    expect(garbled).toMatchObject({ success: false, exitCode: 2, error: 'exited with code 2' })
    expect(garbled.timedOut).toBeUndefined()
  })

  test("has timed out when OpenClaw's own limit ended it", async () => {
    expect(await run({ message: 'late' })).toMatchObject({
      success: false,
      exitCode: 124,
      timedOut: true,
      error: 'Request timed out',
    })
  })

  test('leaves OpenClaw time for its cold start beyond its time limit', async () => {
    expect(await run({ message: 'slow', timeoutMs: 100 })).toMatchObject({ success: true, exitCode: 0 })
  })

  test('fails with a clear error when the answer is missing or cut off', async () => {
    expect(await run({ message: 'silent' })).toMatchObject({
      success: false,
      error: 'exited with code 0; its stdout holds no answer (a JSON object)',
    })
    expect(await run({ message: 'cut' })).toMatchObject({
      success: false,
      error: 'exited with code 0; its answer (JSON on stdout) is cut off after 38 bytes',
      openclaw: {},
    })
    expect(await run({ message: 'killed' })).toMatchObject({
      success: false,
      exitCode: 137,
      signal: 'SIGKILL',
      error: 'ended by SIGKILL; its answer (JSON on stdout) is cut off after 12 bytes',
    })
    expect(await run({ message: 'asked' })).toMatchObject({
      success: false,
      exitCode: 143,
      error: 'exited with code 143; it was sent SIGTERM before it had an answer',
    })
  })

  test('finds the answer in more output than is kept, and keeps the head and tail of a long text', async () => {
    const long = await run({ message: 'long' }, { maxOutputBytes: 1_000 })
    expect(long).toMatchObject({ success: true })
    expect(long.openclaw?.final).toMatch(/^a{500}\n\[skyclaw: 299000 bytes left out\]\na{500}$/)
    expect(long.stdout.length).toBeLessThan(1_100)
    // Of an answer beyond every bound, what is whole.
    expect(await run({ message: 'endless' })).toMatchObject({ success: true, openclaw: { final: 'kept' } })
  })

  test('shows no secrets, however OpenClaw wrote them', async () => {
    const result = await run({ message: 'secret', secretEnv: { PASSWORD: 'swordfish' } })
    expect(result).toMatchObject({ error: 'no [redacted]', openclaw: { final: '[redacted] [redacted]' } })
    expect(JSON.stringify(result)).not.toContain('swordfish')
  })

  test('is ended by its host with nothing left of it', async () => {
    const ending = new AbortController()
    let pid = 0
    const output: AttemptRun['output'] = {
      write(_, bytes) {
        pid = Number(Buffer.from(bytes).toString())
        ending.abort()
        return undefined
      },
    }
    const result = await run({ message: 'hang' }, { attempt: { signal: ending.signal, output } })
    expect(result).toMatchObject({ success: false, interrupted: true })
    expect(pid).toBeGreaterThan(0)
    expect(await isAlive(pid)).toBe(false)
    expect(await tempFolders()).toEqual([])
  })

  test('is refused when a value would be read as an option, and 127 when there is no OpenClaw', async () => {
    const message = 'x'
    expect(await run({ message, model: '--config' })).toMatchObject({
      exitCode: 126,
      error: expect.stringContaining('model'),
    })
    expect(await run({ message }, { openclawCommand: 'openclaw-is-not-here' })).toMatchObject({
      exitCode: 127,
      error: expect.stringContaining('SKYCLAW_OPENCLAW_COMMAND'),
    })
  })
})

async function tempFolders(): Promise<string[]> {
  return (await readdir(path.join(dir, 'tmp'))).filter((name) => name !== 'compile-cache')
}
