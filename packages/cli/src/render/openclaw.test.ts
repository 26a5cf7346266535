import { expect, test } from 'vitest'
import { makeJob } from '../../test/job-fixture.ts'
import { renderJob } from './job.ts'
import { renderOpenclaw } from './openclaw.ts'
import { createStyle } from './style.ts'

const style = createStyle(false)

test('an answer of OpenClaw is shown as its text, below what it cost', () => {
  const shown = renderOpenclaw(
    {
      status: 'ok',
      final: 'one\ntwo \u001b[31m',
      model: 'stub-1',
      provider: 'stub',
      sessionId: 's-1',
      usage: { input: 11, output: 7, cacheRead: 0, cacheWrite: 3, total: 18, cost: { total: 0.012_345 } },
      toolSummary: { calls: 2, tools: ['exec', 'read'], failures: 1 },
    },
    style,
  )
  expect(shown).toBe(`
answered  ok
model     stub/stub-1
tokens    11 in, 7 out, 3 to cache, 18 in all, for $0.0123
tools     2 calls (exec, read), 1 failed
session   s-1

answer
  one
  two \\x1b[31m
`)
})

test('whatever OpenClaw leaves out or says otherwise is left out', () => {
  const usage = { input: 'many', cost: null }
  expect(renderOpenclaw({ usage, toolSummary: { calls: 1, tools: 'exec' } }, style)).toBe('\ntools  1 call\n')
  expect(renderOpenclaw({}, style)).toBe('')
})

test('a job shows the answer in the place of the JSON that holds it', () => {
  const openclaw = { final: 'hello' }
  const result = {
    finishedAt: '2026-11-22T10:00:00.000Z',
    durationMs: 1,
    exitCode: 0,
    stdout: '{"ok":true}',
    stderr: '',
  }
  const shown = (job: Parameters<typeof makeJob>[0]) => renderJob(makeJob(job), 0, style)
  expect(shown({ result: { ...result, openclaw } })).toContain('\nanswer\n  hello\n')
  expect(shown({ result: { ...result, openclaw } })).not.toContain('"ok"')
  expect(shown({ result })).toContain('\nstdout\n  {"ok":true}\n')
})
