import { isTerminal, type LedgerRecord, type RecordValue } from '@skyclaw/protocol'
import type { RecordRow } from '@skyclaw/store'
import { isDue } from '../core/lifecycle.ts'

/** The row of a record: what its value says, repeated in the columns by which it is found. */
export function toRow(record: LedgerRecord, feedSeq: number, now: number): RecordRow {
  const { key, version, writtenAt, value } = record
  return {
    key,
    kind: value.kind,
    generation: version.generation,
    ballotN: version.ballot.n,
    ballotNode: version.ballot.node,
    writtenAt,
    feedSeq,
    value: JSON.stringify(value),
    ...indexed(value, now),
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

export function toRecord(row: RecordRow): LedgerRecord & { seq: number } {
  return {
    seq: row.feedSeq,
    key: row.key,
    version: { generation: row.generation, ballot: { n: row.ballotN, node: row.ballotNode } },
    writtenAt: row.writtenAt,
    value: toValue(row),
  }
}
