import type { Job } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { exitCodeOf } from './exit-codes.ts'
import { makeJob } from '../test/job-fixture.ts'

type Outcome = NonNullable<Job['attemptHistory'][number]['outcome']>

function ended(status: Job['status'], exitCode: number | null, outcome: Outcome, signal?: string): Job {
  const result = { finishedAt: '2026-11-22T10:00:01.000Z', durationMs: 1, exitCode, stdout: '', stderr: '' }
  return makeJob({
    status,
    result: { ...result, ...(signal && { signal }) },
    attemptHistory: [{ attempt: 1, hostId: 'h', startedAt: '2026-11-22T10:00:00.000Z', outcome }],
  })
}

test.each([
  ['completed', 0, 'completed', undefined, 0],
  ['failed', 3, 'failed', undefined, 3],
  ['failed', 126, 'failed', undefined, 126],
  ['failed', 127, 'failed', undefined, 127],
  ['failed', 137, 'failed', 'SIGKILL', 137],
  ['failed', null, 'failed', 'SIGTERM', 143],
  ['failed', null, 'failed', 'SIGNONSENSE', 125],
  ['failed', null, 'failed', undefined, 125],
  ['failed', 143, 'timed_out', 'SIGTERM', 124],
  ['failed', null, 'lease_lost', undefined, 125],
  ['failed', 0, 'failed', undefined, 125],
  ['failed', 256, 'failed', undefined, 1],
  ['failed', 0xc0000005, 'failed', undefined, 5],
  ['failed', -1, 'failed', undefined, 255],
  ['cancelled', 143, 'cancelled', 'SIGTERM', 130],
] as const)('a job %s with code %s, %s %s, gives exit code %s', (status, code, outcome, signal, expected) => {
  expect(exitCodeOf(ended(status, code, outcome, signal))).toBe(expected)
})

test('a job cancelled before it ran gives 130, one that failed without a try 125', () => {
  expect(exitCodeOf(makeJob({ status: 'cancelled' }))).toBe(130)
  expect(exitCodeOf(makeJob({ status: 'failed' }))).toBe(125)
})
