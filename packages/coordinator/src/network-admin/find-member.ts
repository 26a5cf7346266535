import { type MemberState, ProblemError } from '@skyclaw/protocol'
import type { Peer } from '../network/membership.ts'

/** Digits that an id must be given with at least, so that it is not another one by a slip. */
const minIdChars = 8
/** Coordinators that a problem names. */
const maxNamed = 10

export interface OwnName {
  readonly nodeId: string
  readonly instance: string
}

/**
 * The coordinator that an operator wants forgotten, by its name, its instance id or the beginning of one. A name that several have means
 * the one that is gone. Throws `not_found`; `member_alive` for a name that only live ones have; `invalid_request` for what could be
 * several, naming them.
 */
export function findMember(node: string, peers: readonly Peer[], self: OwnName): Peer {
  const exact = peers.find(({ instance }) => instance === node)
  if (exact) return exact
  const named = peers.filter(({ nodeId }) => nodeId === node)
  const found = named.length > 0 ? named : byBeginning(node, peers)
  const [first] = found
  if (!first) {
    if (isSelf(node, self)) throw ownProblem(self)
    throw notFound(node, peers)
  }
  const lasting = found.filter(({ state }) => state !== 'forgotten')
  if (lasting.length === 0) return first
  const gone = named.length > 0 ? lasting.filter((peer) => !isThere(peer)) : lasting
  if (gone.length === 1) return gone[0]!
  if (gone.length === 0) return lasting[0]!
  const what = `${node} could be ${list(gone, maxNamed)}: give the instance id of the one that never returns`
  throw new ProblemError('invalid_request', what, { field: 'node' })
}

/** Whether it is alive, or answers though others doubt it. */
export function isThere({ state, usable, failure, answeredAt }: Peer): boolean {
  if (state === 'alive') return true
  return state === 'suspect' && (usable || (answeredAt !== undefined && failure === undefined))
}

/** How a problem names a coordinator. */
export function nameOf({ nodeId, instance }: Pick<Peer, 'nodeId' | 'instance'>): string {
  return nodeId === '' ? `instance ${instance}` : `${nodeId} (instance ${instance})`
}

function byBeginning(node: string, peers: readonly Peer[]): Peer[] {
  return node.length < minIdChars ? [] : peers.filter(({ instance }) => instance.startsWith(node))
}

function isSelf(node: string, { nodeId, instance }: OwnName): boolean {
  return node === nodeId || (node.length >= minIdChars && instance.startsWith(node))
}

function ownProblem(self: OwnName): ProblemError {
  return new ProblemError('member_alive', `${nameOf(self)} is the coordinator that was asked: ask another one`)
}

function notFound(node: string, peers: readonly Peer[]): ProblemError {
  const short = node.length < minIdChars && peers.some(({ instance }) => instance.startsWith(node))
  if (short) {
    const what = `give at least ${minIdChars} characters of an instance id, not ${JSON.stringify(node)}`
    return new ProblemError('invalid_request', what, { field: 'node' })
  }
  const known = peers.length === 0 ? 'it knows no other coordinator' : `it knows ${list(peers, maxNamed)}`
  const what = `no coordinator has the name ${JSON.stringify(node)} or an instance id that begins so: ${known}`
  return new ProblemError('not_found', what, { field: 'node' })
}

function list(peers: readonly Peer[], most: number): string {
  const worst: readonly MemberState[] = ['dead', 'replaced', 'suspect', 'forgotten', 'alive']
  const sorted = peers.toSorted((a, b) => worst.indexOf(a.state) - worst.indexOf(b.state))
  const named = sorted.slice(0, most).map((peer) => `${nameOf(peer)}, ${peer.state}`)
  return [...named, ...(peers.length > most ? [`${peers.length - most} more`] : [])].join('; ')
}
