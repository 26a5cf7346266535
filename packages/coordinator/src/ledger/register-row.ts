import type { Ballot, Proposal } from '@skyclaw/protocol'
import type { RegisterRow } from '@skyclaw/store'
import type { Register } from '../mesh/store.ts'
import { fromEpoch, toEpoch } from './epoch-columns.ts'
import { recordRules } from './record-rules.ts'

/** The row of a register. It is found by the tag of its value while that is not known to be chosen. */
export function toRegisterRow(register: Register, unlearned: boolean): RegisterRow {
  const { key, epoch, generation, set, promised, accepted, proposal, touchedAt } = register
  return {
    key,
    ...fromEpoch(epoch),
    generation,
    replicas: JSON.stringify(set.replicas),
    m: set.m,
    promisedN: promised?.n ?? null,
    promisedNode: promised?.node ?? null,
    acceptedN: accepted?.n ?? null,
    acceptedNode: accepted?.node ?? null,
    unlearned: unlearned ? 1 : 0,
    tag: (unlearned && proposal && recordRules.tagOf(proposal.value)) || null,
    touchedAt,
    proposal: proposal && JSON.stringify(proposal),
  }
}

export function toRegister(row: RegisterRow): Register {
  return {
    key: row.key,
    ...toEpoch(row),
    generation: row.generation,
    set: { replicas: JSON.parse(row.replicas) as string[], m: row.m },
    promised: toBallot(row.promisedN, row.promisedNode),
    accepted: toBallot(row.acceptedN, row.acceptedNode),
    proposal: row.proposal === null ? null : (JSON.parse(row.proposal) as Proposal),
    touchedAt: row.touchedAt,
  }
}

function toBallot(n: number | null, node: string | null): Ballot | null {
  return n === null || node === null ? null : { n, node }
}
