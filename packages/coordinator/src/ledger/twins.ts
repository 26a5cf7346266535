import type { LedgerRecord } from '@skyclaw/protocol'
import { standingTwin } from '../mesh/twin-order.ts'
import { recordRules } from './record-rules.ts'

/** Of records with one base, the one that counts. */
export function standing(twins: readonly LedgerRecord[]): LedgerRecord | undefined {
  return standingTwin(recordRules, twins)
}
