import type { LedgerRecord } from '@skyclaw/protocol'
import type { Step } from '../../../packages/coordinator/src/mesh/mesh.ts'
import type { Machine } from './machine.ts'

/** Who is left the next round of a record, and what becomes of it. */
export interface Heirs {
  /** The instance to which a proposal leaves the next round, if to any. */
  heir(): string | undefined
  /** Within a turn. A coordinator was left the next round of what it has just accepted. */
  inherited(step: Step, machine: Machine, record: LedgerRecord): void
}
