import { expect, test } from 'vitest'
import { makeJob } from '../../test/job-fixture.ts'
import { renderHosts } from './host.ts'
import { renderJob, renderJobs } from './job.ts'
import { renderLogLine } from './log-line.ts'
import { plainLine, plainText, shorten } from './plain-text.ts'
import { createStyle } from './style.ts'
import { renderTable } from './table.ts'
import { renderAge, renderDuration } from './time.ts'
import { renderWelcome } from './welcome.ts'

const plain = createStyle(false)
const now = Date.parse('2026-11-22T10:00:30.000Z')
const ESC = '\u001b'

test('what would steer a terminal is shown as an escape', () => {
  expect(plainText(`a${ESC}[2Jb\u0007\u009b\n\t\r\u202e`)).toBe(String.raw`a\x1b[2Jb\x07\x9b\n\t\r\u202e`)
  expect(plainText('grüße 🦞')).toBe('grüße 🦞')
  expect(plainLine(' two\n lines ')).toBe('two lines')
})

test('no cell of a table can steer the terminal', () => {
  const wicked = `${ESC}]0;owned\u0007`
  const job = makeJob({
    payload: { kind: 'shell', command: wicked },
    error: wicked,
    cancelReason: wicked,
    assignedHostId: wicked,
    attemptHistory: [{ attempt: 1, hostId: 'h', startedAt: '2026-11-22T10:00:00.000Z', error: wicked }],
    result: { finishedAt: '2026-11-22T10:00:01.000Z', durationMs: 1, exitCode: 1, stdout: wicked, stderr: wicked },
  })
  const host = {
    id: 'h',
    name: wicked,
    capabilities: [wicked],
    maxParallel: 1,
    labels: { a: wicked },
    activeLeases: 0,
    lastSeenAt: '2026-11-22T10:00:00.000Z',
    registeredAt: '2026-11-22T10:00:00.000Z',
    state: 'active' as const,
    live: true,
  }
  const output = renderJobs([job], now, plain) + renderJob(job, now, plain) + renderHosts([host], now, plain)
  expect(output).toContain('owned')
  expect(output.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
})

test('a table lines up and has no blanks at line ends', () => {
  const jobs = [makeJob(), makeJob({ id: 'a-longer-id', status: 'leased', assignedHostId: 'attic', attempts: 1 })]
  expect(renderJobs(jobs, now, plain)).toBe(
    [
      'ID           STATUS   EXIT  TRIES  HOST   CREATED  WHAT',
      'job-1        queued   -     0      -      30s ago  echo hello',
      'a-longer-id  running  -     1      attic  30s ago  echo hello',
      '',
    ].join('\n'),
  )
})

test('a table keeps to the width of a terminal: the last column is shortened, then the dispensable ones go', () => {
  const args = ['x'.repeat(30)]
  const job = makeJob({ assignedHostId: 'attic', status: 'leased', payload: { kind: 'shell', command: 'echo', args } })
  const lines = (columns: number) => renderJobs([job], now, createStyle(false, columns)).trimEnd().split('\n')
  expect(lines(100)).toEqual(renderJobs([job], now, plain).trimEnd().split('\n'))
  expect(lines(70)[1]).toBe('job-1  running  -     0      attic  30s ago  echo xxxxxxxxxxxxxxxxxxx…')
  expect(lines(60)[0]).toBe('ID     STATUS   EXIT  TRIES  CREATED  WHAT')
  expect(lines(40)[0]).toBe('ID     STATUS   EXIT  WHAT')
  for (const columns of [70, 60, 50, 40]) {
    for (const line of lines(columns)) expect(line.length).toBeLessThanOrEqual(columns)
  }
})

test('wide characters take two places, and are not cut in two', () => {
  const rows = ['日本', 'abcd', 'e\u0301fgh']
  const columns = [
    { title: 'NAME', text: (row: string) => row },
    { title: 'AGAIN', text: () => '日'.repeat(20) },
  ]
  const [, ...lines] = renderTable(columns, rows, createStyle(false, 22)).trimEnd().split('\n')
  expect(lines).toEqual(rows.map((row) => `${row}  ${'日'.repeat(7)}…`))
})

test('a clock that differs makes no job scheduled and no host heard in the future', () => {
  const ahead = { createdAt: '2026-11-22T10:05:00.000Z', runAt: '2026-11-22T10:05:00.000Z' }
  const line = renderJobs([makeJob(ahead)], now, plain).split('\n')[1]
  expect(line).toMatch(/^job-1 {2}queued .* now +echo hello$/)
})

test('colours appear only when asked for', () => {
  expect(renderJobs([makeJob()], now, plain)).not.toContain(ESC)
  expect(renderJobs([makeJob()], now, createStyle(true))).toContain(ESC)
})

test('a job says in words what its state means', () => {
  expect(renderJob(makeJob({ runAt: '2026-11-22T11:00:00.000Z' }), now, plain)).toMatch(/scheduled[^]*in 60m/)
  const cancelling = makeJob({ status: 'leased', cancelRequestedAt: '2026-11-22T10:00:01.000Z' })
  expect(renderJob(cancelling, now, plain)).toContain('cancelling')
  const args = ['-lc', 'echo "a b"']
  expect(renderJob(makeJob({ payload: { kind: 'shell', command: 'bash', args } }), now, plain)).toContain(
    String.raw`bash -lc "echo \"a b\""`,
  )
})

test('ages and durations use the largest unit that fits', () => {
  expect(renderAge('2026-11-22T10:00:28.500Z', now)).toBe('1.5s ago')
  expect(renderAge('2026-11-20T10:00:00.000Z', now)).toBe('2d ago')
  expect([5, 1_500, 61_000, 600_000, 8_000_000].map(renderDuration)).toEqual(['5ms', '1.5s', '61s', '10m', '2h'])
})

test('what is too long ends in an ellipsis and no character is cut in two', () => {
  expect(shorten('🦞🦞🦞', 2)).toBe('🦞…')
  expect(shorten('ab', 2)).toBe('ab')
})

test('a log line for people has the time, the sentence and the fields', () => {
  const line = JSON.stringify({
    level: 50,
    time: 0,
    pid: 1,
    hostname: 'x',
    jobId: 'j',
    err: { message: 'boom' },
    msg: 'no',
  })
  expect(renderLogLine(line, plain)).toMatch(/^\d\d:\d\d:\d\d no: boom jobId=j\n$/)
})

test('the welcome of up names the line to type next, the token and what is allowed', () => {
  const running = {
    url: 'http://127.0.0.1:8787',
    standalone: true,
    peerUrls: [],
    dbPath: '/data/c.db',
    token: 'secret',
    allowed: ['echo'],
    host: { name: 'attic', capabilities: ['openclaw', 'shell'] },
    program: 'npx skyclaw',
  }
  const text = renderWelcome(running, plain)
  expect(text).toContain('SKYCLAW_TOKEN=secret npx skyclaw run -- echo hello\n')
  expect(text).toContain('Host attic runs OpenClaw and these commands only: echo')
  expect(text).toContain('http://127.0.0.1:8787, standalone (a single copy of everything), data in /data/c.db')
  const joining = renderWelcome({ ...running, standalone: false, peerUrls: ['http://a', 'http://b'] }, plain)
  expect(joining).toContain(', joins through http://a or http://b, data in')
  expect(renderWelcome({ ...running, url: 'http://127.0.0.1:9' }, plain)).toContain(
    'SKYCLAW_TOKEN=secret SKYCLAW_COORDINATOR_URL=http://127.0.0.1:9 npx',
  )
})
