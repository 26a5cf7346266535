import type { HostRecord, JobRecord, NewJob, SupersededRecord } from '@skyclaw/protocol'
import { type Birth, newJobRecord } from '../src/jobs/new-job.ts'

/** A new job as the ledger keeps it. */
export function shellJobRecord(birth: Partial<Birth> = {}, input: Partial<NewJob> = {}): JobRecord {
  const payload = { kind: 'shell' as const, command: 'true' }
  return newJobRecord({ payload, ...input }, { id: 'job', now: 1_000, sequence: 0, ...birth })
}

export function hostRecord(id: string): HostRecord {
  const times = { registeredAt: 500, updatedAt: 900 }
  return { kind: 'host', id, name: id, capabilities: ['shell'], maxParallel: 1, labels: {}, ...times }
}

export function supersededRecord(jobId: string, attempt: number): SupersededRecord {
  const result = { finishedAt: 700, durationMs: 1, exitCode: 0, stdout: '', stderr: '' }
  return { kind: 'superseded', jobId, attempt, hostId: 'host-a', success: true, result }
}
