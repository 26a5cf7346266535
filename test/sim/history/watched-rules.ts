import type { RecordValue } from '@skyclaw/protocol'
import { recordRules } from '../../../packages/coordinator/src/ledger/record-rules.ts'
import type { ValueRules } from '../../../packages/coordinator/src/mesh/value-rules.ts'
import type { Contents } from './contents.ts'

/** The real rules give a creation that nobody was told of so long; in virtual time that is brought nearer. */
const realLapseMs = 600_000

/** The real rules of our records; what they make of values is noted as decided. */
export function watchedRules(lapseMs: number, contents: Contents): ValueRules {
  const noted = (from: RecordValue, to: RecordValue | null) => {
    if (to) contents.derive(from, to)
    return to
  }
  return {
    ...recordRules,
    lapsed(value, now) {
      const lapsed = recordRules.lapsed(value, now + realLapseMs - lapseMs)
      if (lapsed?.kind !== 'job') return null
      return noted(value, { ...lapsed, updatedAt: now, cancelRequestedAt: now })
    },
    withTwin: (value, twinKey, now) => noted(value, recordRules.withTwin(value, twinKey, now)),
    asDuplicate: (value, standingKey, now) => noted(value, recordRules.asDuplicate(value, standingKey, now)),
  }
}
