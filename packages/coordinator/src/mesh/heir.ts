import type { Ballot, Proposal } from '@skyclaw/protocol'
import type { Core } from './core.ts'
import { ballotFor, isInherited } from './version.ts'
import type { Round } from './round.ts'

/**
 * The ballot under which another coordinator may go on from a proposal, if one will probably make the next change, such as the one with the
 * host that waits for a job. It need not ask before, nor wait until the proposal is chosen: it comes right after it, so that whatever else was
 * or will be chosen is either below both or above both. Only a replica can be the heir, which the proposal reaches. Whoever has left the next
 * round to another one must ask for its own.
 */
export function ballotLeft({ hooks, members, self }: Core, round: Round, proposal: Proposal): Ballot | undefined {
  const { ballot, place } = round
  const { replicas } = place.set
  if (proposal.moved || replicas.length === 1 || isInherited(ballot)) return undefined
  const heir = hooks.heir?.(proposal.value)
  if (heir === undefined || heir === self || !replicas.includes(heir) || !members.isAlive(heir)) return undefined
  return ballotFor(heir, ballot)
}
