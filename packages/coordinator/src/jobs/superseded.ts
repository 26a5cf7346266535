import { type JobRecord, limits, type SupersededRecord } from '@skyclaw/protocol'
import { keep, write } from '../core/decision.ts'
import { type CompleteInput, findAttempt, toResult } from '../core/lifecycle.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { jobKey, supersededKey } from '../ledger/record-key.ts'

/** Keeps the report of an attempt that had lost its lease, beside the job: the job may have ended and then never changes. */
export async function keepSuperseded(ledger: Ledger, jobId: string, input: CompleteInput): Promise<void> {
  const job = await ledger.read(jobKey(jobId))
  const entry = job && findAttempt(job, input)
  if (entry?.outcome !== 'lease_lost') return
  const { hostId, success, error } = input
  const record: SupersededRecord = {
    kind: 'superseded',
    jobId,
    attempt: entry.attempt,
    hostId,
    success,
    result: toResult(input),
    ...(error && { error: error.slice(0, limits.errorChars) }),
  }
  await ledger.change(supersededKey(jobId, entry.attempt), (current) => (current ? keep : write(record)))
}

/** The late reports of a job's attempts, as far as they are known here: most lost attempts never report, so nobody is asked. */
export async function readSuperseded(ledger: Ledger, job: JobRecord): Promise<SupersededRecord[]> {
  const lost = job.attemptHistory.filter(({ outcome }) => outcome === 'lease_lost')
  const records = await Promise.all(
    lost.map(({ attempt }) => ledger.read(supersededKey(job.id, attempt), { locally: true })),
  )
  return records.filter((record) => record !== null)
}
