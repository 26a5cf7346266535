import { createClient } from '@skyclaw/client'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { shellLine, skyclaw, startUp, type Up } from '../support/skyclaw.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

function clientOf({ url, token }: Up) {
  const client = createClient({ coordinators: [url], token })
  onTestFinished(() => client.close())
  return client
}

/** Waits for the one job there is to be at work. */
function atWork(client: ReturnType<typeof clientOf>): Promise<string> {
  return until('a job at work', async () => (await client.jobs.list({ status: 'leased' })).jobs[0]?.id)
}

test('enqueue-shell passes -lc through and prints the id only; jobs wait gives output and code', async () => {
  const up = await startUp(['--allow', 'bash'])
  const enqueued = await skyclaw(['enqueue-shell', 'bash', '-lc', 'echo hello; exit 3'], up.folder, up.env).ended
  expect(enqueued).toMatchObject({ code: 0, stderr: '' })
  expect(enqueued.stdout).toMatch(/^[\w.:-]+\n$/)
  const waited = await skyclaw(['jobs', 'wait', enqueued.stdout.trim()], up.folder, up.env).ended
  expect(waited).toMatchObject({ code: 3, stdout: 'hello\n' })
})

test('run keeps stdout and stderr apart and exits with the code of the job', async () => {
  const up = await startUp(['--allow', 'bash', '--allow', 'no-such-program'])
  const run = (...words: string[]) => skyclaw(['run', ...words], up.folder, up.env).ended
  expect(await run('bash', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
    code: 7,
    signal: null,
    stdout: 'out\n',
    stderr: 'err\n',
  })
  expect(await run('--', 'bash', '-c', 'kill -9 $$')).toMatchObject({ code: 137 })
  expect(await run('--timeout-ms', '200', '--', 'sleep', '30')).toMatchObject({ code: 124 })
  expect(await run('ls')).toMatchObject({ code: 126 })
  expect(await run('no-such-program')).toMatchObject({ code: 127 })
})

test('the first Ctrl-C cancels the job on its host, and run exits with 130', async () => {
  const up = await startUp()
  const client = clientOf(up)
  const run = skyclaw(['run', 'sleep', '60'], up.folder, up.env)
  const id = await atWork(client)
  process.kill(run.pid, 'SIGINT')
  const { code, stderr } = await run.ended
  expect(code).toBe(130)
  expect(stderr).toContain('cancelling')
  expect((await client.jobs.get(id)).status).toBe('cancelled')
})

test('the second Ctrl-C leaves the job to itself and prints the line that shows the rest', async () => {
  const up = await startUp(['--allow', 'bash'])
  const client = clientOf(up)
  // It takes no notice of the cancel for a while, so that there is something to leave.
  const run = skyclaw(
    ['run', 'bash', '-c', 'trap "" TERM; echo kept; for i in 1 2 3 4; do sleep 0.5; done'],
    up.folder,
    up.env,
  )
  const id = await atWork(client)
  process.kill(run.pid, 'SIGINT')
  await run.said(/cancelling/)
  process.kill(run.pid, 'SIGINT')
  const { code, stderr } = await run.ended
  expect(code).toBe(130)
  const [, line] = /(jobs logs -f \S+)/.exec(stderr) ?? []
  expect(line).toBe(`jobs logs -f ${id}`)
  expect((await client.jobs.get(id)).status).toBe('leased')
  const shown = await skyclaw((line ?? '').split(' '), up.folder, up.env).ended
  expect(shown.stdout).toBe('kept\n')
})

test('a wrong token gives one line: 125 from run, 1 from the others', async () => {
  const up = await startUp()
  const env = { ...up.env, SKYCLAW_TOKEN: 'wrong' }
  for (const [words, code] of [
    [['run', 'true'], 125],
    [['jobs', 'list'], 1],
    [['enqueue-shell', 'true'], 1],
  ] as const) {
    const ended = await skyclaw(words, up.folder, env).ended
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(/^skyclaw: [^\n]*SKYCLAW_TOKEN[^\n]*\n$/)
  }
  expect(await skyclaw(['health'], up.folder, env).ended).toMatchObject({ code: 0, stderr: '' })
})

test('no coordinator gives one line that says what to start, and exit code 1', async () => {
  const url = `http://127.0.0.1:${await freePort()}`
  const env = { SKYCLAW_COORDINATOR_URL: url, SKYCLAW_REQUEST_TIMEOUT_MS: '300' }
  const ended = await skyclaw(['enqueue-shell', 'true'], tempFolder(), env).ended
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toMatch(/^skyclaw: [^\n]*skyclaw up[^\n]*\n$/)
  expect(ended.stderr).toContain(url)
})

test('a reader that stops early ends the command quietly', async () => {
  const up = await startUp(['--allow', 'seq'])
  const line = 'set -o pipefail; skyclaw run seq 1 20000 | head -n 1'
  expect(await shellLine(line, up.folder, up.env).ended).toEqual({ code: 0, signal: null, stdout: '1\n', stderr: '' })
  const closed = 'skyclaw jobs list --json | true'
  expect(await shellLine(closed, up.folder, up.env).ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
})

test('lists show what ran, and --json is what the API answers', async () => {
  const up = await startUp()
  await skyclaw(['run', 'echo', 'hello'], up.folder, up.env).ended
  const client = clientOf(up)
  const say = async (...words: string[]) => (await skyclaw(words, up.folder, up.env).ended).stdout
  const [job] = (await client.jobs.list()).jobs
  expect(JSON.parse(await say('jobs', 'list', '--json'))).toEqual({ jobs: [job] })
  expect(JSON.parse(await say('jobs', 'show', job?.id ?? '', '--json'))).toEqual({ job })
  expect(await say('jobs', 'list')).toMatch(/completed +0 +1 .*echo hello\n$/)
  expect(await say('hosts', 'list')).toMatch(/ active +0\/1 .* shell/)
  expect(await say('state')).toContain('echo hello')
  expect(await say('health')).toMatch(/^ok: coordinator .*standalone/)
})
