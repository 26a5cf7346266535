import type { Attempt, Job } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { Witness } from './witness.ts'

const at = (seconds: number) => new Date(seconds * 1_000).toISOString()

/** A job that one request made, with the seconds at which hosts were given it. */
function twin(id: string, given: number[], endedAt: number): Job {
  const attemptHistory = given.map((start, index): Attempt => ({
    ...{
      attempt: index + 1,
      hostId: 'h',
      startedAt: at(start),
      outcome: index + 1 < given.length ? 'lease_lost' : 'failed',
    },
  }))
  return {
    ...{ id, status: 'failed', createdAt: at(0), updatedAt: at(endedAt), runAt: at(0), priority: 0, requirement: {} },
    ...{ attempts: given.length, maxAttempts: 1, leaseLosses: given.length - 1, maxLeaseLosses: 5, attemptHistory },
    payload: { kind: 'shell', command: 'true', args: ['tag'] },
  }
}

test.each<[what: string, late: boolean, first: Job, second: Job]>([
  ['both given to hosts before they met', false, twin('a', [1], 20), twin('b', [2], 30)],
  ['one given to a host again, while the other still runs', false, twin('a', [1, 12], 20), twin('b', [2], 30)],
  ['both given to hosts after they had met', true, twin('a', [1, 12], 20), twin('b', [2, 13], 30)],
  ['one given to a host when the other has long ended', true, twin('a', [1], 5), twin('b', [2, 16], 30)],
  ['one given to a host just when the other has ended', false, twin('a', [1], 20), twin('b', [2, 25], 30)],
])('twins, %s: whether that is more than there may be', (_, late, ...jobs) => {
  const witness = new Witness({ several: true })
  for (const job of jobs) witness.saw(job, witness.now())
  expect(witness.checkTwins(jobs, 10_000)).toEqual({ met: 1, ran: 1 })
  expect(witness.violations).toEqual(late ? [expect.stringContaining('handed out beside their twins')] : [])
})
