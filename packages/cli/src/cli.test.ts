import { problem } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { fakeCoordinator } from '../test/fake-coordinator.ts'
import { runInProcess } from '../test/fake-io.ts'
import { makeJob } from '../test/job-fixture.ts'

const enqueueing = () => fakeCoordinator(() => ({ body: { job: makeJob() } }))

test('enqueue-shell passes -lc, --help and -- through and prints the id only', async () => {
  const { url, asked } = await enqueueing()
  const run = await runInProcess(['enqueue-shell', '--url', url, 'bash', '-lc', 'echo hello', '--help', '--'])
  expect(run).toEqual({ code: 0, stdout: 'job-1\n', stderr: '' })
  expect(asked[0]?.body).toEqual({
    payload: { kind: 'shell', command: 'bash', args: ['-lc', 'echo hello', '--help', '--'] },
  })
})

test('every flag of enqueue-shell reaches the request', async () => {
  const { url, asked } = await enqueueing()
  const words = [
    'enqueue-shell',
    '--requires',
    'gpu,fast',
    '--requires=disk',
    '--label',
    'zone=attic',
    '--priority',
    '-5',
  ]
  words.push(
    '--run-at',
    '2027-01-31T06:00:00+01:00',
    '--max-attempts',
    '3',
    '--max-lease-losses',
    '0',
    '--timeout-ms',
    '9',
  )
  words.push(
    '--cwd',
    '/x',
    '--env',
    'A=1,2',
    '--env',
    'B=',
    '--stdin',
    '--idempotency-key',
    'k1',
    '--token',
    't',
    '--',
    'cat',
  )
  const run = await runInProcess(words, { env: { SKYCLAW_COORDINATOR_URL: url }, stdin: 'grüße\n' })
  expect(run.stderr).toBe('')
  expect(asked[0]?.headers).toMatchObject({ 'x-skyclaw-token': 't', 'x-idempotency-key': 'k1' })
  expect(asked[0]?.body).toEqual({
    payload: { kind: 'shell', command: 'cat', cwd: '/x', env: { A: '1,2', B: '' }, timeoutMs: 9, stdin: 'grüße\n' },
    requirement: { requiredCapabilities: ['gpu', 'fast', 'disk'], labels: { zone: 'attic' } },
    priority: -5,
    runAt: '2027-01-31T05:00:00.000Z',
    maxAttempts: 3,
    maxLeaseLosses: 0,
  })
})

test('--delay is a time from now', async () => {
  const { url, asked } = await enqueueing()
  const before = Date.now()
  await runInProcess(['enqueue-shell', '--url', url, '--delay', '15m', 'true'])
  const runAt = Date.parse(String((asked[0]?.body as { runAt?: string } | undefined)?.runAt))
  expect(runAt - before).toBeGreaterThanOrEqual(900_000)
  expect(runAt - Date.now()).toBeLessThanOrEqual(900_000)
})

test('enqueue-openclaw takes arguments or a message', async () => {
  const { url, asked } = await enqueueing()
  await runInProcess(['enqueue-openclaw', '--url', url, 'run', '--json'])
  await runInProcess(['enqueue-openclaw', '--url', url, '--message', 'hi', '--model', 'p/m', '--thinking', 'low'])
  expect(asked.map(({ body }) => (body as { payload: unknown }).payload)).toEqual([
    { kind: 'openclaw-run', args: ['run', '--json'] },
    { kind: 'openclaw-run', message: 'hi', model: 'p/m', thinking: 'low' },
  ])
})

test('--json prints the answer of the API', async () => {
  const { url } = await fakeCoordinator(() => ({ body: { job: makeJob(), deduplicated: true } }))
  const run = await runInProcess(['enqueue-shell', '--url', url, '--json', 'true'])
  expect(JSON.parse(run.stdout)).toEqual({ job: makeJob(), deduplicated: true })
})

test.each([
  [[], 'it needs a command: up'],
  [[''], 'unknown command ""'],
  [['jbos'], 'unknown command jbos; did you mean jobs?'],
  [['jobs'], 'needs a command: list, show, logs, wait, cancel'],
  [['jobs', 'lst'], 'unknown command jobs lst; did you mean list?'],
  [['constructor'], 'unknown command constructor'],
  [['--json', 'health'], 'unknown flag --json before the command'],
  [['jobs', 'list', '--jsn'], 'unknown flag --jsn; did you mean --json?'],
  [['jobs', 'show'], 'JOB is missing'],
  [['jobs', 'show', ''], 'the id of a job must be'],
  [['jobs', 'wait', '../health'], 'the id of a job must be'],
  [['jobs', 'cancel', 'a b'], 'the id of a job must be'],
  [['jobs', 'logs', 'a', '--attempt', '0'], '--attempt must be a whole number from 1'],
  [['jobs', 'logs', '-f', 'a', '--stream', 'both'], '--stream must be one of stdout, stderr'],
  [['completion', 'tcsh'], 'the shell must be one of bash, zsh, fish'],
  [['jobs', 'list', '--host-id', 'a b'], '--host-id must be'],
  [['jobs', 'show', 'a', 'b'], 'b is one word too many'],
  [['jobs', 'list', '--status', 'done'], '--status must be one of queued'],
  [['enqueue-shell'], 'COMMAND is missing'],
  [['run', '--'], 'COMMAND is missing'],
  [['run', '--priority', 'high', 'true'], '--priority must be a whole number'],
  [['run', '--run-at', 'soon', 'true'], '--run-at must be a time'],
  [['run', '--run-at', '10', 'true'], '--run-at must be a time'],
  [['run', '--run-at', '2027-02-30T06:00Z x', 'true'], '--run-at must be a time'],
  [['run', '--requires', '', 'true'], '--requires needs a value'],
  [['run', '--env', 'a b=c', 'true'], 'the key of --env must be'],
  [['run', '--label', ' =c', 'true'], 'the key of --label must be'],
  [['run', '--idempotency-key', 'a b', 'true'], '--idempotency-key must be'],
  [['run', '--url', '', 'true'], '--url must be a list of at least 1'],
  [['run', '--delay', '5 minutes', 'true'], '--delay must be a time such as'],
  [
    ['run', '--url', 'nonsense', 'true'],
    '--url must be a URL such as http://10.0.0.5:8787, or several separated by commas, not "nonsense"',
  ],
  [['enqueue-openclaw'], 'either --message'],
  [['enqueue-openclaw', '--model', 'm', 'doctor'], 'either --message'],
  [['coordinator', '--port', 'x'], '--port must be a whole number'],
])('%j is a usage error of one line: %s', async (words, message) => {
  const run = await runInProcess(words)
  expect(run).toMatchObject({ code: 2, stdout: '' })
  expect(run.stderr).toContain(message)
  expect(run.stderr).toMatch(/^skyclaw: [^\n]+; see skyclaw [^\n]*--help\n$/)
})

test('help shows usage, flags with their variables, and examples', async () => {
  const { code, stdout } = await runInProcess(['host', '--help'])
  expect(code).toBe(0)
  expect(stdout).toContain('SKYCLAW_MAX_PARALLEL; default 1')
  expect(stdout).toMatch(/EXAMPLES\n\n {2}skyclaw host/)
  expect(stdout).not.toContain('\u001b')
  const root = await runInProcess(['--help'])
  for (const name of [
    'up',
    'coordinator',
    'host',
    'enqueue-shell',
    'enqueue-openclaw',
    'run',
    'jobs',
    'hosts',
    'peers',
    'health',
    'doctor',
    'backup',
    'restore',
  ]) {
    expect(root.stdout).toContain(`  ${name} `)
  }
})

test('help for a command can be asked for in front of it', async () => {
  const asked = await runInProcess(['help', 'jobs', 'list'])
  expect(asked).toEqual(await runInProcess(['jobs', 'list', '--help']))
  expect(asked.stdout).toContain('skyclaw jobs list')
  expect((await runInProcess(['help'])).stdout).toMatch(/--version[^]*--help/)
})

test('a table that goes on elsewhere says so on stderr; JSON says it itself', async () => {
  const { url } = await fakeCoordinator(() => ({ body: { jobs: [makeJob()], nextCursor: 'c2' } }))
  const table = await runInProcess(['jobs', 'list', '--url', url])
  expect(table.stderr).toBe('skyclaw: there is more; the next page: --cursor c2\n')
  expect((await runInProcess(['jobs', 'list', '--json', '--url', url])).stderr).toBe('')
})

test('--run-at without an offset is local time, and a day alone its first moment', async () => {
  const { url, asked } = await enqueueing()
  for (const time of ['2027-01-31', '2027-01-31T06:30', '2027-01-31T06:30:00.5+02:00']) {
    await runInProcess(['enqueue-shell', '--url', url, '--run-at', time, 'true'])
  }
  expect(asked.map(({ body }) => (body as { runAt: string }).runAt)).toEqual([
    new Date(2027, 0, 31).toISOString(),
    new Date(2027, 0, 31, 6, 30).toISOString(),
    '2027-01-31T04:30:00.500Z',
  ])
})

test('--version prints the version of the package', async () => {
  expect((await runInProcess(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+(-\w+)?\n$/)
})

test('an unknown variable warns on stderr and leaves stdout alone', async () => {
  const { url } = await enqueueing()
  const run = await runInProcess(['enqueue-shell', '--url', url, 'true'], { env: { SKYCLAW_TOKN: 'x' } })
  expect(run).toEqual({
    code: 0,
    stdout: 'job-1\n',
    stderr: 'skyclaw: warning: SKYCLAW_TOKN means nothing to this version; did you mean SKYCLAW_TOKEN?\n',
  })
})

test('a wrong variable of the environment is no usage error: exit code 1', async () => {
  const run = await runInProcess(['jobs', 'list'], { env: { SKYCLAW_COORDINATOR_URL: 'nonsense' } })
  expect(run.code).toBe(1)
  expect(run.stderr).toMatch(/^skyclaw: SKYCLAW_COORDINATOR_URL must be [^\n]*\n$/)
})

test('a refused token says which variable to set; run gives 125 where others give 1', async () => {
  const { url } = await fakeCoordinator(() => ({ status: 401, body: problem('unauthorized', 'no') }))
  for (const [words, code] of [
    [['jobs', 'list'], 1],
    [['run', 'true'], 125],
    [['jobs', 'wait', 'x'], 125],
  ] as const) {
    const run = await runInProcess(words, { env: { SKYCLAW_COORDINATOR_URL: url } })
    expect(run).toMatchObject({ code, stdout: '' })
    expect(run.stderr).toMatch(/^skyclaw: [^\n]*SKYCLAW_TOKEN[^\n]*\n$/)
  }
})

test('an unknown job says where to look', async () => {
  const { url } = await fakeCoordinator(() => ({ status: 404, body: problem('not_found', 'no job x') }))
  const run = await runInProcess(['jobs', 'show', 'x', '--url', url])
  expect(run).toEqual({ code: 1, stdout: '', stderr: 'skyclaw: no job x; "skyclaw jobs list" shows what there is\n' })
})

test('a URL that leads past the coordinator is what the error asks about', async () => {
  const { url } = await fakeCoordinator(() => ({
    status: 404,
    body: problem('not_found', 'there is no GET /x/health'),
  }))
  const run = await runInProcess(['health', '--url', `${url}/x`])
  expect(run.stderr).toBe(`skyclaw: there is no GET /x/health; is ${url}/x the URL of a coordinator?\n`)
})

test('when the last try wrote nothing, an earlier one that may have is not kept quiet', async () => {
  const unknown = problem('quorum_unreachable', 'nobody answers; the change may have happened or not', {
    outcome: 'unknown',
  })
  const none = problem('insufficient_replicas', '1 of 2; nothing was written', { outcome: 'not_applied' })
  const ways = [
    { answers: [none], said: 'nothing was written; "skyclaw doctor" says what is missing' },
    {
      answers: [unknown, none],
      said: 'nothing was written at the last try, but an earlier one may have been carried out;',
    },
  ]
  for (const { answers, said } of ways) {
    const { url } = await fakeCoordinator(() => {
      const body = answers.shift()
      return { status: 503, body, ...(answers.length === 0 && { headers: { 'retry-after': '3600' } }) }
    })
    const { code, stderr } = await runInProcess(['enqueue-shell', '--url', url, 'true'])
    expect(code).toBe(1)
    expect(stderr).toContain(said)
  }
})

test('a coordinator that does not answer says what to do next', async () => {
  const words = ['health', '--url', 'http://127.0.0.1:1', '--request-timeout-ms', '200']
  const run = await runInProcess(words)
  expect(run.code).toBe(1)
  expect(run.stderr).toMatch(/^skyclaw: [^\n]*http:\/\/127\.0\.0\.1:1[^\n]*skyclaw up[^\n]*\n$/)
})

test('standard input that is no UTF-8 is refused before anything is sent', async () => {
  const { url, asked } = await enqueueing()
  const run = await runInProcess(['enqueue-shell', '--url', url, '--stdin', 'cat'], {
    stdin: Buffer.from([0xff, 0xfe]),
  })
  expect(run.code).toBe(2)
  expect(run.stderr).toContain('UTF-8')
  expect(asked).toEqual([])
})
