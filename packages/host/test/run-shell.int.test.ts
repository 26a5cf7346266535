import type { ShellPayload } from '@skyclaw/protocol'
import { describe, expect, test } from 'vitest'
import { runPayload } from '../src/run/run-payload.ts'
import { isAlive, testAttempt, testContext } from './run-context.ts'

const never = new AbortController().signal

function run(payload: Omit<ShellPayload, 'kind'>, options: Parameters<typeof testContext>[0] = {}, signal = never) {
  return runPayload(testContext(options), { kind: 'shell', ...payload }, testAttempt({ signal }))
}

function sh(
  script: string,
  more: Partial<ShellPayload> = {},
  options: Parameters<typeof testContext>[0] = {},
  signal = never,
) {
  return run({ command: 'sh', args: ['-c', script], ...more }, options, signal)
}

describe('a shell job', () => {
  test('gives exit code, both streams byte for byte, and its duration', async () => {
    const result = await sh('printf "ü\\n\\n"; printf err >&2; exit 3')
    expect(result).toMatchObject({
      success: false,
      exitCode: 3,
      stdout: 'ü\n\n',
      stderr: 'err',
      error: 'exited with code 3',
    })
    expect(await sh('exit 0')).toMatchObject({ success: true, exitCode: 0 })
    expect((await sh('sleep 0.2')).durationMs).toBeGreaterThanOrEqual(190)
  })

  test('may open its streams by their paths, as scripts do', async () => {
    const script = 'echo a > /dev/stdout; echo b > /dev/stderr; echo c >> /proc/self/fd/1; echo d | tee /dev/stderr'
    const result = await sh(script)
    expect(result).toMatchObject({ exitCode: 0, stdout: 'a\nc\nd\n', stderr: 'b\nd\n' })
  })

  test('gets its arguments as they are: no shell stands in between', async () => {
    const args = ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', '$HOME', '`id`', '*', 'a b', '']
    const { stdout } = await run({ command: 'node', args })
    expect(JSON.parse(stdout)).toEqual(['$HOME', '`id`', '*', 'a b', ''])
  })

  test('reads its stdin, and none means an end at once', async () => {
    expect(await run({ command: 'cat', stdin: 'in\nput' })).toMatchObject({ exitCode: 0, stdout: 'in\nput' })
    expect(await run({ command: 'cat' })).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await sh('exit 0', { stdin: 'x'.repeat(400_000) })).toMatchObject({ exitCode: 0 })
  })

  test('sees the short list and its own variables only', async () => {
    const environment = { PATH: process.env['PATH'], SKYCLAW_TOKEN: 'secret', HOME: '/h' }
    const { stdout } = await sh('env', { env: { MINE: 'yes' } }, { environment })
    expect(stdout).toContain('MINE=yes')
    expect(stdout).toContain('HOME=/h')
    expect(stdout).not.toContain('secret')
  })

  test('is refused with 126 for a protected variable, a missing folder and a command that is not allowed', async () => {
    expect(await sh('true', { env: { LD_PRELOAD: 'x' } })).toMatchObject({
      exitCode: 126,
      error: expect.stringContaining('LD_PRELOAD'),
    })
    expect(await sh('true', { cwd: '/nonexistent' })).toMatchObject({
      exitCode: 126,
      error: expect.stringContaining('"/nonexistent" does not exist'),
    })
    expect(await sh('true', { cwd: '/etc/passwd' })).toMatchObject({
      exitCode: 126,
      error: expect.stringContaining('not a folder'),
    })
    expect(await run({ command: 'rm' })).toMatchObject({
      success: false,
      exitCode: 126,
      error: 'the command "rm" is not allowed on this host: SKYCLAW_ALLOWED_COMMANDS does not list it',
    })
  })

  test('that cannot be started is a failed attempt with 126 or 127', async () => {
    expect(await run({ command: 'absent-command' })).toMatchObject({ exitCode: 127 })
    expect(await run({ command: '/nonexistent/file' })).toMatchObject({ exitCode: 127 })
    expect(await run({ command: 'cat', args: ['x'.repeat(3_000_000)] })).toMatchObject({
      exitCode: 126,
      error: expect.stringContaining('E2BIG'),
    })
    expect(await run({ command: 'cat', args: ['a\0b'] })).toMatchObject({ success: false, exitCode: 126 })
    expect(await runPayload(testContext(), { kind: 'dance' } as never, testAttempt())).toMatchObject({ exitCode: 126 })
    expect(await runPayload(testContext(), null as never, testAttempt())).toMatchObject({ exitCode: 125 })
  })

  test('runs in its cwd', async () => {
    expect(await sh('pwd', { cwd: '/usr' })).toMatchObject({ stdout: '/usr\n' })
  })

  test('that a signal ends has 128 + n and the name', async () => {
    expect(await sh('kill -SEGV $$')).toMatchObject({
      success: false,
      exitCode: 139,
      signal: 'SIGSEGV',
      error: 'ended by SIGSEGV',
    })
  })

  test('keeps head and tail of a flood, in bounded memory', async () => {
    const before = process.memoryUsage().rss
    const result = await sh('yes 0123456789 | head -c 300000000; printf END', {}, { maxOutputBytes: 1_000 })
    expect(result).toMatchObject({ exitCode: 0 })
    expect(result.stdout).toMatch(/^0123456789\n[^]*\n\[skyclaw: 299999003 bytes left out\]\n[^]*END$/)
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
  })
})

describe('the end of an attempt', () => {
  test('comes by the time limit: SIGTERM first, exit code 124', async () => {
    const result = await sh('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done', { timeoutMs: 300 })
    expect(result).toMatchObject({
      success: false,
      exitCode: 124,
      timedOut: true,
      stdout: 'up\nbye\n',
      error: 'timed out after 300 ms',
    })
    expect(result.signal).toBeUndefined()
  })

  test('comes by SIGKILL to the whole group when SIGTERM is ignored', async () => {
    const script = 'trap "" TERM; (trap "" TERM; sleep 60) & echo $!; while :; do sleep 0.05; done'
    const result = await sh(script, { timeoutMs: 200 })
    expect(result).toMatchObject({ exitCode: 124, timedOut: true })
    await expect.poll(() => isAlive(Number(result.stdout))).toBe(false)
  })

  test('comes by the signal of the host, and what the job printed is kept', async () => {
    const controller = new AbortController()
    const running = sh('echo up; sleep 60', {}, {}, controller.signal)
    setTimeout(() => controller.abort(), 200)
    expect(await running).toMatchObject({ success: false, exitCode: 143, signal: 'SIGTERM', stdout: 'up\n' })
    expect(await sh('sleep 60', {}, {}, controller.signal)).toMatchObject({ exitCode: 143 })
  })

  test('does not wait for a background child that holds the pipes, and ends it', async () => {
    const started = performance.now()
    const result = await sh('sleep 60 & echo $!; exit 5')
    expect(result).toMatchObject({ exitCode: 5 })
    expect(performance.now() - started).toBeLessThan(3_000)
    await expect.poll(() => isAlive(Number(result.stdout))).toBe(false)
  })

  test('ends a background child that holds no pipe', async () => {
    const result = await sh('sleep 60 >/dev/null 2>&1 & echo $!')
    expect(result).toMatchObject({ exitCode: 0 })
    await expect.poll(() => isAlive(Number(result.stdout))).toBe(false)
  })

  test('is not held up by a child in a session of its own that keeps the pipes', async () => {
    const started = performance.now()
    const result = await sh('setsid sleep 4 & exit 0')
    expect(result).toMatchObject({ exitCode: 0 })
    expect(performance.now() - started).toBeLessThan(3_000)
  })
})
