import type { Ballot, Epoch, LedgerRecord, Proposal, ReplicaSet, Version } from '@skyclaw/protocol'

/** Which register of a record: the epoch and the generation within it. */
export interface Term {
  readonly epoch?: Epoch | undefined
  readonly generation: number
}

/** A register and who keeps it. */
export interface Place extends Term {
  readonly set: ReplicaSet
}

function compareIds(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Negative when `a` is lower, 0 when they are the same. Nothing is lower than any ballot. */
export function compareBallots(a: Ballot | null, b: Ballot | null): number {
  if (!a || !b) return Number(a !== null) - Number(b !== null)
  return a.n - b.n || compareIds(a.node, b.node)
}

/** The ballot right after one of this proposer, for its heir: none fits between the two, since no id has a character below the plus sign. */
export function ballotFor(heir: string, { n, node }: Ballot): Ballot {
  return { n, node: `${node}+${heir}` }
}

/** Who may propose under a ballot: whoever counted it up, or the heir. */
export function ownerOf({ node }: Ballot): string {
  return node.slice(node.indexOf('+') + 1)
}

/** Whether a ballot was left to its owner. */
export function isInherited({ node }: Ballot): boolean {
  return node.includes('+')
}

/** Tells rounds on one coordinator's registers apart. */
export function roundName({ key, ballot: { n, node } }: { readonly key: string; readonly ballot: Ballot }): string {
  return `${key} ${n} ${node}`
}

export function compareTerms(a: Term, b: Term): number {
  const epochs = (a.epoch?.n ?? 0) - (b.epoch?.n ?? 0) || compareIds(a.epoch?.node ?? '', b.epoch?.node ?? '')
  return epochs || a.generation - b.generation
}

/** Orders two versions of one record: negative when `a` is older, 0 when they are the same. */
export function compareVersions(a: Version, b: Version): number {
  return compareTerms(a, b) || compareBallots(a.ballot, b.ballot)
}

/** Only the fields of a term, as messages carry them. */
export function termOf({ epoch, generation }: Term): { epoch?: Epoch; generation: number } {
  return epoch ? { epoch, generation } : { generation }
}

/** The register in which the next change of a known record is made: the next generation's when the value is sealed. */
export function placeOf({ version, set, moved }: Omit<LedgerRecord, 'value'>): Place {
  if (!moved) return { ...termOf(version), set }
  return { ...termOf({ epoch: version.epoch, generation: version.generation + 1 }), set: moved }
}

/** The record as it is known when a proposal is chosen in a register. */
export function recordOf({
  key,
  set,
  ballot,
  proposal: { value, moved, writtenAt },
  ...term
}: Place & { readonly key: string; readonly ballot: Ballot; readonly proposal: Proposal }): LedgerRecord {
  return { key, version: { ...termOf(term), ballot }, set, ...(moved && { moved }), writtenAt, value }
}

export function sameSet(a: ReplicaSet, b: ReplicaSet): boolean {
  return a.m === b.m && a.replicas.length === b.replicas.length && a.replicas.every((id) => b.replicas.includes(id))
}
