import type { Job } from '@skyclaw/protocol'

/** A queued shell job, and what a test says differently. */
export function makeJob(fields: Partial<Job> = {}): Job {
  return {
    id: 'job-1',
    createdAt: '2026-11-22T10:00:00.000Z',
    updatedAt: '2026-11-22T10:00:00.000Z',
    status: 'queued',
    priority: 0,
    runAt: '2026-11-22T10:00:00.000Z',
    attempts: 0,
    maxAttempts: 1,
    leaseLosses: 0,
    maxLeaseLosses: 3,
    requirement: {},
    payload: { kind: 'shell', command: 'echo', args: ['hello'] },
    attemptHistory: [],
    ...fields,
  }
}
