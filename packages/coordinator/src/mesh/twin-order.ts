import type { RecordValue } from '@skyclaw/protocol'
import type { ValueRules } from './value-rules.ts'

export interface Twin {
  readonly key: string
  readonly value: RecordValue
}

/**
 * Of records with one base, the one that stands: one that has ended by itself, since nothing can undo that and the others need not be
 * done any more; then the oldest; then that with the lowest key.
 */
export function standingTwin<T extends Twin>(rules: ValueRules, twins: readonly T[]): T | undefined {
  const order = (a: T, b: T) =>
    Number(rules.isSettled(b.value)) - Number(rules.isSettled(a.value)) ||
    rules.createdAt(a.value) - rules.createdAt(b.value) ||
    (a.key < b.key ? -1 : 1)
  return twins.toSorted(order)[0]
}
