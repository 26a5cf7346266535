import { expect, test } from 'vitest'
import { makeJob } from '../../test/job-fixture.ts'
import { renderJob } from './job.ts'
import { createStyle } from './style.ts'

test('a job shows what each of its tries used, and a dash where nobody could tell', () => {
  const startedAt = '2026-11-22T10:00:00.000Z'
  const usage = { cpuMs: 1_500, peakMemoryBytes: 1_000_000, stdoutBytes: 2_000, stderrBytes: 0, truncated: true }
  const attemptHistory = [
    { attempt: 1, hostId: 'h', startedAt, durationMs: 2_000, usage },
    { attempt: 2, hostId: 'h', startedAt },
  ]
  const job = makeJob({ attemptHistory, retryOf: 'job-0' })
  const lines = renderJob(job, Date.parse(startedAt), createStyle(false)).split('\n')
  expect(lines).toContain('retry of  job-0')
  expect(lines.find((line) => line.startsWith('TRY'))).toMatch(/TOOK +CPU +MEMORY +OUTPUT/)
  expect(lines.find((line) => line.startsWith('1 '))).toMatch(/2\.0s +1\.5s +1\.0 MB +2\.0 kB, cut/)
  expect(lines.find((line) => line.startsWith('2 '))).toMatch(/running +- +- +- +- +-/)
})
