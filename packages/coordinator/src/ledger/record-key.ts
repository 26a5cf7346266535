import type { HostRecord, JobRecord, RecordValue, SupersededRecord } from '@skyclaw/protocol'

/** The key of a record, which knows the type of its value. */
export type RecordKey<V extends RecordValue> = string & { readonly value?: V }

export function jobKey(id: string): RecordKey<JobRecord> {
  return `job:${id}`
}

export function hostKey(id: string): RecordKey<HostRecord> {
  return `host:${id}`
}

export function supersededKey(jobId: string, attempt: number): RecordKey<SupersededRecord> {
  return `superseded:${jobId}:${attempt}`
}

/** The key under which a value must be kept. */
export function keyOf(value: RecordValue): RecordKey<RecordValue> {
  if (value.kind === 'job') return jobKey(value.id)
  if (value.kind === 'host') return hostKey(value.id)
  return supersededKey(value.jobId, value.attempt)
}
