import type { ShellPayload } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import { runPayload } from '../src/run/run-payload.ts'
import { carriers } from './processes.ts'
import { testAttempt, testContext } from './run-context.ts'

async function run(payload: Omit<ShellPayload, 'kind'>, options: Parameters<typeof testContext>[0] = {}) {
  const attempt = testAttempt()
  const result = await runPayload(testContext(options), { kind: 'shell', ...payload }, attempt)
  expect(carriers(attempt.tag)).toEqual([])
  return result
}

const node = (script: string) => ({ command: 'node', args: ['-e', script] })
const sh = (script: string) => ({ command: 'sh', args: ['-c', script] })

describe('a job that uses more than its limit is ended at once, with 137 and a sentence that names the limit:', () => {
  test('memory', async () => {
    const script =
      "const kept = []; process.on('SIGTERM', () => {}); setInterval(() => kept.push(Buffer.alloc(16 << 20, 1)), 10)"
    const result = await run(node(script), { limits: { memoryBytes: 200 << 20 }, killGraceMs: 60_000 })
    const error = expect.stringMatching(
      /^ended because it used more than 209715200 bytes of memory, its limit on this host/,
    )
    expect(result).toMatchObject({ success: false, exitCode: 137, error })
    expect(result.usage?.peakMemoryBytes).toBeGreaterThan(200 << 20)
    // No grace, in which it would have gone on.
    expect(result.durationMs).toBeLessThan(30_000)
  })

  test('processor time, of its children too', async () => {
    const script = 'sh -c "while :; do :; done" & wait'
    const result = await run(sh(script), { limits: { cpuMs: 200 } })
    expect(result).toMatchObject({ exitCode: 137, error: expect.stringContaining('200 ms of processor time') })
    expect(result.usage?.cpuMs).toBeGreaterThan(200)
  })

  test('processes', async () => {
    const result = await run(sh('for i in 1 2 3 4 5 6; do sleep 60 & done; wait'), { limits: { processes: 5 } })
    expect(result).toMatchObject({ exitCode: 137, error: expect.stringContaining('5 processes at once') })
  })

  test('output', async () => {
    const result = await run({ command: 'yes' }, { limits: { outputBytes: 1 << 20 } })
    expect(result).toMatchObject({ exitCode: 137, error: expect.stringContaining('1048576 bytes of output') })
    expect(result.usage?.stdoutBytes).toBeGreaterThan(1 << 20)
  })
})

test('open files are limited in the job and in what it starts', async () => {
  const script = 'sleep 0.3; ulimit -n; sh -c "ulimit -n"; ulimit -n 100 2>/dev/null || echo kept'
  expect(await run(sh(script), { limits: { openFiles: 64 } })).toMatchObject({ exitCode: 0, stdout: '64\n64\nkept\n' })
})

test('the time that a job asks for is bounded by that of the host', async () => {
  const result = await run({ ...sh('sleep 60'), timeoutMs: 60_000 }, { limits: { timeoutMs: 200 } })
  expect(result).toMatchObject({ exitCode: 124, timedOut: true, error: 'timed out after 200 ms' })
})

describe('what a job used is told:', () => {
  test('processor time of it and its children, memory, and bytes of output', async () => {
    const burn = 'const end = Date.now() + 300; while (Date.now() < end); process.stdout.write("x".repeat(5000))'
    const result = await run(
      { command: 'sh', args: ['-c', 'node -e "$0"; echo err >&2', burn] },
      { maxOutputBytes: 1_000 },
    )
    expect(result.exitCode).toBe(0)
    const { cpuMs = 0, peakMemoryBytes = 0, ...rest } = result.usage ?? {}
    expect(rest).toEqual({ stdoutBytes: 5_000, stderrBytes: 4, truncated: true })
    // On a machine that is busy it gets less than the time that passes.
    expect(cpuMs).toBeGreaterThan(60)
    expect(cpuMs).toBeLessThan(3_000)
    expect(peakMemoryBytes).toBeGreaterThan(20 << 20)
    expect(peakMemoryBytes).toBeLessThan(1 << 30)
  })
})

describe('secrets', () => {
  test('are in the environment and nowhere in output, however it comes, nor in the result', async () => {
    const pieces: Buffer[] = []
    const output = { write: (_: string, bytes: Uint8Array) => void pieces.push(Buffer.from(bytes)) }
    const script =
      'process.stdout.write(process.env.A.slice(0, 5)); setTimeout(() => console.log(process.env.A.slice(5), JSON.stringify(process.env.B)), 50)'
    const payload = { kind: 'shell', ...node(script), secretEnv: { A: 'hunter2hunter', B: 'quo"te\nd' } } as const
    const result = await runPayload(testContext(), { ...payload, args: [...payload.args] }, testAttempt({ output }))
    expect(result).toMatchObject({ exitCode: 0, stdout: '[redacted] "[redacted]"\n', usage: { stdoutBytes: 27 } })
    expect(Buffer.concat(pieces).toString()).toBe(result.stdout)
  })

  test('are protected names like any other', async () => {
    const result = await run({ ...sh('true'), secretEnv: { LD_PRELOAD: 'secret' } })
    expect(result).toMatchObject({ exitCode: 126, error: expect.stringContaining('LD_PRELOAD') })
    const unknown = await run({ command: 'passphrase', secretEnv: { A: 'passphrase' } })
    expect(unknown.error).not.toContain('passphrase')
  })
})

test('the sink of the output holds up the job while it is slow, and gets all of it, in bounded memory', async () => {
  let bytes = 0
  let waiting = 0
  let mostAtOnce = 0
  const output = {
    async write(_: string, piece: Uint8Array) {
      bytes += piece.length
      waiting += 1
      mostAtOnce = Math.max(mostAtOnce, waiting)
      await new Promise((resolve) => setImmediate(resolve))
      waiting -= 1
    },
  }
  const before = process.memoryUsage().rss
  let mostBytes = 0
  let longestMs = 0
  let lastAt = performance.now()
  const timer = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage().rss - before)
    longestMs = Math.max(longestMs, performance.now() - lastAt)
    lastAt = performance.now()
  }, 10)
  const payload: ShellPayload = { kind: 'shell', ...sh('head -c 200000000 /dev/zero'), secretEnv: { A: 'secret' } }
  const result = await runPayload(testContext({ timeoutMs: 60_000 }), payload, testAttempt({ output }))
  clearInterval(timer)
  expect(result).toMatchObject({ exitCode: 0, usage: { stdoutBytes: 200_000_000, truncated: true } })
  expect({ bytes, mostAtOnce }).toEqual({ bytes: 200_000_000, mostAtOnce: 1 })
  expect(mostBytes).toBeLessThan(150_000_000)
  expect(longestMs).toBeLessThan(1_000)
})
