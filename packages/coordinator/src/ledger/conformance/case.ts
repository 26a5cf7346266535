import type { JobRecord, NewJob } from '@skyclaw/protocol'
import { newJobRecord } from '../../jobs/new-job.ts'
import type { LedgerHarness } from '../conformance.ts'
import { write } from '../../core/decision.ts'
import { lease } from '../../core/lifecycle.ts'
import { jobKey } from '../record-key.ts'

/** One case: gets an empty ledger, and a way to crash it and open it again. */
export interface Case {
  readonly name: string
  readonly run: (harness: LedgerHarness, crash: () => Promise<LedgerHarness>) => Promise<void>
}

/** Stores a job; ids are given so that a case can speak of them. */
export async function addJob(
  { ledger, clock }: Pick<LedgerHarness, 'ledger' | 'clock'>,
  id: string,
  input: Partial<NewJob> = {},
): Promise<JobRecord> {
  const now = clock.now()
  const payload = input.payload ?? { kind: 'shell' as const, command: 'true' }
  const record = newJobRecord({ ...input, payload }, { id, now, sequence: ledger.nextSequence(now) })
  await ledger.change(jobKey(id), () => write(record), { fresh: true })
  return record
}

export const anyHost = { accepts: () => true }

/** Leases a job to a host, as a claim's `decide`. */
export function leaseTo({ clock }: LedgerHarness, hostId: string) {
  return (job: JobRecord | null) => lease(job, { hostId, now: clock.now() })
}

/** The ids of the jobs that one claim takes. */
export async function claimIds(harness: LedgerHarness, limit: number, hostId = 'host-a'): Promise<string[]> {
  const { values } = await harness.ledger.claim<JobRecord>(anyHost, leaseTo(harness, hostId), limit)
  return values.map(({ id }) => id)
}
