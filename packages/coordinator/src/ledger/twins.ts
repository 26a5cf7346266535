import type { LedgerRecord } from '@skyclaw/protocol'
import { recordRules } from './record-rules.ts'

/** Of records with one base, the one that counts: the oldest, and of two of one age the one whose key is the smaller. */
export function standing(twins: readonly LedgerRecord[]): LedgerRecord | undefined {
  return twins.toSorted(byAge)[0]
}

function byAge(a: LedgerRecord, b: LedgerRecord): number {
  return recordRules.createdAt(a.value) - recordRules.createdAt(b.value) || (a.key < b.key ? -1 : 1)
}
