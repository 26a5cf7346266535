import type { HostRecord, JobRecord, RecordValue, SupersededRecord } from '@skyclaw/protocol'

/** The key of a record, which knows the type of its value. */
export type RecordKey<V extends RecordValue> = string & { readonly value?: V }

/** By which records are found besides their keys; it knows the type of their values. */
export type Tag<V extends RecordValue> = string & { readonly value?: V }

/**
 * The key of a record that several coordinators may create at once, each with another replica set, since none asked the others in
 * time: then it begins with the base, and a lineage, eight hexadecimal digits that stand for the replica set, ends it. Records with
 * one base are twins.
 */
export interface BaseKey<V extends RecordValue> {
  readonly base: string
  readonly keyFor: (lineage: string) => RecordKey<V>
}

/** The lineage of records from before there were several coordinators. */
export const firstLineage = '00000000'

/** The ids of jobs that begin with a time are this fine, in milliseconds. */
const timedIdMs = 256

/** All of a derived job id but its lineage. */
export const derivedStemChars = 28

const derivedJob = /^(job:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{4})[0-9a-f]{8}$/
const derivedOther = /^((?:host:[^~]+|superseded:[^~]+:\d+)~)[0-9a-f]{8}$/

export function jobKey(id: string): RecordKey<JobRecord> {
  return `job:${id}`
}

/** The id of the job that a key is of. */
export function jobIdOf(key: RecordKey<JobRecord>): string {
  if (!key.startsWith('job:')) throw new Error(`${key} is no key of a job`)
  return key.slice('job:'.length)
}

/** The key of the job that an idempotency key stands for, by the stem of its id. */
export function derivedJobKey(stem: string): BaseKey<JobRecord> {
  return withBase(`job:${stem}`)
}

export function hostKey(id: string): BaseKey<HostRecord> {
  return withBase(`host:${id}~`)
}

export function supersededKey(jobId: string, attempt: number): BaseKey<SupersededRecord> {
  return withBase(`superseded:${jobId}:${attempt}~`)
}

/** By which the jobs of a claim are found again when it is repeated elsewhere. */
export function claimTag(claimKey: string): Tag<JobRecord> {
  return `claim:${claimKey}`
}

/**
 * What the keys of derived jobs begin with that bear a time: ids made about the same time then lie together in every index. It comes
 * again after 34 years.
 *
 * @param time milliseconds since 1970
 */
export function timedJobPrefix(time: number): string {
  return `job:${timedIdPrefix(time)}`
}

export function timedIdPrefix(time: number): string {
  return (Math.floor(time / timedIdMs) % 2 ** 32).toString(16).padStart(8, '0')
}

function withBase<V extends RecordValue>(base: string): BaseKey<V> {
  return { base, keyFor: (lineage) => `${base}${lineage}` }
}

let lastKey = ''
let lastBase: string | undefined

/** What a derived key begins with; undefined for a key that one coordinator alone could make. A change asks several times for one key. */
export function baseOf(key: string): string | undefined {
  if (key === lastKey) return lastBase
  lastBase = (derivedJob.exec(key) ?? derivedOther.exec(key))?.[1]
  lastKey = key
  return lastBase
}

/** The key under which a value is kept in a lineage. A job's id says it all. */
export function keyOf(value: RecordValue, lineage: string = firstLineage): RecordKey<RecordValue> {
  if (value.kind === 'job') return jobKey(value.id)
  if (value.kind === 'host') return hostKey(value.id).keyFor(lineage)
  return supersededKey(value.jobId, value.attempt).keyFor(lineage)
}

/** Whether a value can be kept under a key. */
export function isKeyOf(key: string, value: RecordValue): boolean {
  const base = baseOf(key)
  return key === keyOf(value, base === undefined ? firstLineage : key.slice(base.length))
}
