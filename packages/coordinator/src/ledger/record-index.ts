import {
  isTerminal,
  type JobRecord,
  type LedgerRecord,
  type RecordValue,
  type ReplicaSet,
  type Version,
} from '@skyclaw/protocol'
import type { RecordHead, RecordRow, VersionColumns } from '@skyclaw/store'
import { isDue } from '../core/lifecycle.ts'
import type { KnownHead } from '../mesh/store.ts'
import { toEpoch } from './epoch-columns.ts'
import { recordRules } from './record-rules.ts'

/**
 * The row of a record without its value: what that says, repeated in the columns by which the record is found. It is made with each write:
 * one object, not put together from others.
 */
export function toHead(record: LedgerRecord, feedSeq: number, now: number): RecordHead {
  const { key, version, set, moved, writtenAt, value } = record
  const job = value.kind === 'job' ? value : undefined
  const queued = job?.status === 'queued' ? job : undefined
  return {
    key,
    kind: value.kind,
    epochN: version.epoch?.n ?? 0,
    epochNode: version.epoch?.node ?? '',
    generation: version.generation,
    ballotN: version.ballot.n,
    ballotNode: version.ballot.node,
    writtenAt,
    feedSeq,
    replicas: JSON.stringify(set.replicas),
    m: set.m,
    moved: moved ? JSON.stringify(moved) : null,
    sequence: sequenceOf(value),
    status: job?.status ?? null,
    hostId: job?.lease?.hostId ?? null,
    requirementKey: queued?.requirementKey ?? null,
    priority: queued?.priority ?? null,
    runAt: queued?.runAt ?? null,
    due: queued ? Number(isDue(queued, now)) : null,
    finishedAt: finishedAt(value),
    tag: recordRules.tagOf(value) ?? null,
  }
}

function sequenceOf(value: RecordValue): number {
  if (value.kind === 'job') return value.sequence
  return value.kind === 'host' ? value.registeredAt : value.result.finishedAt
}

function finishedAt(value: RecordValue): number | null {
  if (value.kind === 'superseded') return value.result.finishedAt
  return value.kind === 'job' && isTerminal(value.status) ? value.updatedAt : null
}

export function toValue(row: RecordRow): RecordValue {
  return JSON.parse(row.value) as RecordValue
}

export function toVersion(row: VersionColumns): Version {
  return { ...toEpoch(row), generation: row.generation, ballot: { n: row.ballotN, node: row.ballotNode } }
}

export function toKnownHead(row: RecordHead): KnownHead {
  return {
    key: row.key,
    version: toVersion(row),
    set: { replicas: JSON.parse(row.replicas) as string[], m: row.m },
    ...(row.moved !== null && { moved: JSON.parse(row.moved) as ReplicaSet }),
    writtenAt: row.writtenAt,
  }
}

export function toRecord(row: RecordRow): LedgerRecord {
  return { ...toKnownHead(row), value: toValue(row) }
}

/** The record with its number in the feed. */
export function toFeedRecord(row: RecordRow): LedgerRecord & { seq: number } {
  return { seq: row.feedSeq, ...toRecord(row) }
}

/** The job in a record that only a job can be. */
export function jobOf(value: RecordValue): JobRecord {
  if (value.kind !== 'job') throw new Error(`a ${value.kind} is never queued`)
  return value
}
