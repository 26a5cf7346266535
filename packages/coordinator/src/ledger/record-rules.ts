import { isTerminal, type RecordValue } from '@skyclaw/protocol'
import type { Decision } from '../core/decision.ts'
import * as lifecycle from '../core/lifecycle.ts'
import type { ValueRules } from '../mesh/value-rules.ts'
import { baseOf, claimTag, jobIdOf } from './record-key.ts'

/** A job of which nobody was told that it was enqueued, and which no host got, is cancelled when it turns up later than this. */
const creationDeadlineMs = 600_000

/** The rules of our records. Of twins among hosts and superseded reports nothing is written: the oldest is used, the others are not. */
export const recordRules: ValueRules = {
  isFinal(value) {
    if (value.kind === 'host') return false
    return value.kind === 'superseded' || isTerminal(value.status)
  },

  isSettled(value) {
    return recordRules.isFinal(value) && !(value.kind === 'job' && value.duplicateOf !== undefined)
  },

  createdAt(value) {
    if (value.kind === 'host') return value.registeredAt
    return value.kind === 'superseded' ? value.result.finishedAt : value.createdAt
  },

  baseOf,

  tagOf(value) {
    const claim = value.kind === 'job' ? value.lease?.claim : undefined
    return claim && claimTag(claim.key)
  },

  lapsed(value, now) {
    if (value.kind !== 'job' || value.status !== 'queued' || value.attempts > 0) return null
    if (now - value.createdAt <= creationDeadlineMs) return null
    const minutes = creationDeadlineMs / 60_000
    const reason = `it came to light more than ${minutes} minutes after a call to enqueue it that was never answered`
    return written(lifecycle.cancel(value, { reason, now }))
  },

  withTwin(value, twinKey) {
    return value.kind === 'job' ? written(lifecycle.noteTwin(value, jobIdOf(twinKey))) : null
  },

  asDuplicate(value, standingKey, now) {
    if (value.kind !== 'job') return null
    return written(lifecycle.giveWay(value, { standingId: jobIdOf(standingKey), now }))
  },
}

function written(decision: Decision<RecordValue>): RecordValue | null {
  return decision.kind === 'write' ? decision.value : null
}
