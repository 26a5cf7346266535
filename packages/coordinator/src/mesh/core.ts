import type { RecordValue } from '@skyclaw/protocol'
import type { MeshHooks, MeshOptions, Step } from './mesh.ts'
import type { Members } from './members.ts'
import type { Pace } from './pace.ts'
import type { MeshStore } from './store.ts'
import type { ValueRules } from './value-rules.ts'

/** What the parts of the mesh share. */
export interface Core {
  readonly self: string
  readonly store: MeshStore
  readonly rules: ValueRules
  readonly hooks: MeshHooks
  readonly options: Required<MeshOptions>
  /** From [0, 1). */
  readonly random: () => number
  readonly members: Members
  readonly pace: Pace
  /** Whether this instance has caught up once. Until then it keeps no record that it does not hold already. */
  ready(): boolean
}

/**
 * A derived key is used again when what it named was finished and forgotten. Whether a value is of such an earlier record: it was last
 * written long before the other was created.
 */
export function isFormer(core: Core, earlier: { readonly writtenAt: number }, value: RecordValue): boolean {
  return core.rules.createdAt(value) - earlier.writtenAt > core.options.retentionMs / 2
}

/** A value is never written before it was created, whatever the clocks say: else it would pass for one of an earlier record. */
export function writingTime({ rules }: Core, { wall }: Pick<Step, 'wall'>, value: RecordValue): number {
  return Math.max(wall, rules.createdAt(value))
}

/** Instances that can keep a new record: alive and caught up, this one included. */
export function eligible(core: Core): readonly string[] {
  const others = core.members.eligible()
  return core.ready() ? [...others, core.self] : others
}
