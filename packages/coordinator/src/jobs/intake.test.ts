import { ProblemError } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { shellJob } from '../../test/services.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Intake } from './intake.ts'
import { Secrets } from './secrets.ts'

test('an item whose job cannot be told has a problem of its own, and the others have their jobs', async () => {
  const ledger = {
    nextSequence: () => 1,
    changeMany: async (changes: readonly { readonly fresh?: boolean }[]) =>
      changes.map(({ fresh }) => ({
        ok: true,
        key: 'job:x',
        value: { id: fresh ? 'made' : 'gave way' },
        changed: true,
      })),
  } as unknown as Ledger
  const intake = new Intake({
    ...{ ledger, token: undefined, secrets: new Secrets(undefined) },
    clock: { now: () => 1_000, monotonic: () => 0 },
    answer: async ({ id }) => {
      if (id === 'gave way') throw new ProblemError('quorum_unreachable', 'too few answered', { outcome: 'unknown' })
      return { job: { id } as never }
    },
  })
  const results = await intake.enqueueBatch([shellJob, { ...shellJob, idempotencyKey: 'k' }, shellJob])
  expect(results.map(({ job, problem }) => job?.id ?? problem?.code)).toEqual(['made', 'quorum_unreachable', 'made'])
})
