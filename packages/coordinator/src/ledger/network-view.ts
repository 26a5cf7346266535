import type { MeshMember } from '../mesh/mesh.ts'

/** What the ledger must know of the network around it. */
export interface NetworkView {
  /** M now in force: coordinators that must have a change on disk. */
  minReplications(): number
  /** Whether this coordinator was given no other one, and none has ever joined it. */
  standalone(): boolean
  /** The other coordinators, all that are known, dead ones too. */
  members(): readonly MeshMember[]
  /** Whether an instance, dead or alive, is expected back: no other has taken its place, and nobody has forgotten it. */
  isMember(instance: string): boolean
}
