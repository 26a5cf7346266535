import {
  isTerminal,
  type JobRecord,
  type LedgerRecord,
  type RecordValue,
  type ReplicaSet,
  type Version,
} from '@skyclaw/protocol'
import type { RecordHead, RecordRow } from '@skyclaw/store'
import { isDue } from '../core/lifecycle.ts'
import type { KnownHead } from '../mesh/store.ts'
import { fromEpoch, toEpoch } from './epoch-columns.ts'
import { recordRules } from './record-rules.ts'

/** The row of a record without its value: what that says, repeated in the columns by which the record is found. */
export function toHead(record: LedgerRecord, feedSeq: number, now: number): RecordHead {
  const { key, version, set, moved, writtenAt, value } = record
  return {
    key,
    kind: value.kind,
    ...fromEpoch(version.epoch),
    generation: version.generation,
    ballotN: version.ballot.n,
    ballotNode: version.ballot.node,
    writtenAt,
    feedSeq,
    replicas: JSON.stringify(set.replicas),
    m: set.m,
    moved: moved ? JSON.stringify(moved) : null,
    ...indexed(value, now),
    tag: recordRules.tagOf(value) ?? null,
  }
}

type Indexed = Pick<
  RecordRow,
  'sequence' | 'status' | 'hostId' | 'requirementKey' | 'priority' | 'runAt' | 'due' | 'finishedAt'
>

function indexed(value: RecordValue, now: number): Indexed {
  const none = {
    status: null,
    hostId: null,
    requirementKey: null,
    priority: null,
    runAt: null,
    due: null,
    finishedAt: null,
  }
  if (value.kind === 'host') return { ...none, sequence: value.registeredAt }
  if (value.kind === 'superseded') {
    return { ...none, sequence: value.result.finishedAt, finishedAt: value.result.finishedAt }
  }
  return {
    ...none,
    sequence: value.sequence,
    status: value.status,
    ...(value.lease && { hostId: value.lease.hostId }),
    ...(isTerminal(value.status) && { finishedAt: value.updatedAt }),
    ...(value.status === 'queued' && {
      requirementKey: value.requirementKey,
      priority: value.priority,
      runAt: value.runAt,
      due: isDue(value, now) ? 1 : 0,
    }),
  }
}

export function toValue(row: RecordRow): RecordValue {
  return JSON.parse(row.value) as RecordValue
}

export function toVersion(row: RecordHead): Version {
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
