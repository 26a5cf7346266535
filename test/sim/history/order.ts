/**
 * The checker's own reading of the protocol's numbers. It shares nothing with the code under test: a rule broken there must not be broken
 * here as well.
 */
import type { Ballot, Epoch, LedgerRecord, ReplicaSet, Version } from '@skyclaw/protocol'

export interface Term {
  readonly epoch?: Epoch | undefined
  readonly generation: number
}

export function orderBallots(a: Ballot | null | undefined, b: Ballot | null | undefined): number {
  if (!a || !b) return (a ? 1 : 0) - (b ? 1 : 0)
  if (a.n !== b.n) return a.n - b.n
  return a.node === b.node ? 0 : a.node > b.node ? 1 : -1
}

export function orderTerms(a: Term, b: Term): number {
  const epochs = orderBallots(a.epoch, b.epoch)
  return epochs === 0 ? a.generation - b.generation : epochs
}

export function orderVersions(a: Term & Pick<Version, 'ballot'>, b: Term & Pick<Version, 'ballot'>): number {
  const terms = orderTerms(a, b)
  return terms === 0 ? orderBallots(a.ballot, b.ballot) : terms
}

export function holdersNeeded({ replicas, m }: ReplicaSet): number {
  const half = (replicas.length - (replicas.length % 2)) / 2
  return half + 1 > m ? half + 1 : m
}

export function termName({ epoch, generation }: Term): string {
  return epoch ? `e${epoch.n}/${epoch.node} g${generation}` : `g${generation}`
}

export function ballotName(ballot: Ballot | null | undefined): string {
  return ballot ? `${ballot.n}/${ballot.node}` : '-'
}

export function setName({ replicas, m }: ReplicaSet): string {
  return `{${[...replicas].sort().join(' ')}; m ${m}}`
}

/** Where the next change of a known record is made. */
export function nextTerm({ version, moved }: Pick<LedgerRecord, 'version' | 'moved'>): Term {
  return moved ? { epoch: version.epoch, generation: version.generation + 1 } : version
}

export function orderEpochs(a: Pick<Version, 'epoch'>, b: Pick<Version, 'epoch'> | undefined): number {
  return orderBallots(a.epoch, b?.epoch)
}

export function sealName(seal: ReplicaSet | undefined): string {
  return seal ? setName(seal) : ''
}
