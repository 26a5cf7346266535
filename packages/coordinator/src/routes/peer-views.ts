import { commonWireVersion, type PeerTrouble, type PeerView, type SelfView } from '@skyclaw/protocol'
import type { Context } from '../context.ts'
import type { Bootstrap, Candidate, Peer } from '../network/membership.ts'

/** This coordinator as `peers list` shows it: with how well the records are kept. */
export function selfView({ network, mesh, clock }: Context): SelfView {
  const { sentBytes, receivedBytes, droppedMessages, lostMessages, sent, received } = network.traffic
  const { nodeId, instance, url, version, ready } = network.news()
  const { rounds, orphans, belowMinimum, underReplicated, unresolvedTwins, twinsPossible } = mesh.mesh.status()
  return {
    ...{ nodeId, instance, url, version, state: 'alive', ready },
    now: new Date(clock.now()).toISOString(),
    standalone: network.standalone(),
    replication: {
      minReplications: network.minReplications(),
      live: 1 + network.membership.peers().filter(({ usable }) => usable).length,
      ...{ rounds, orphans, belowMinimum, underReplicated, unresolvedTwins, twinsPossible },
    },
    events: Object.fromEntries(mesh.events),
    traffic: {
      ...{ sentBytes, receivedBytes, droppedMessages, lostMessages },
      ...{ sent: Object.fromEntries(sent), received: Object.fromEntries(received) },
    },
  }
}

/**
 * The other coordinators: the members, dead and forgotten ones too; those that were named and have not answered at their URL; and the
 * configured URLs at which nobody ever answered.
 */
export function peerViews(context: Context): PeerView[] {
  const { membership } = context.network
  const conflicts = new Set(membership.nameConflicts())
  const peers = membership.peers()
  const candidates = membership.candidates().filter(({ failure }) => failure !== undefined)
  const shown = new Set([...peers, ...candidates].map(({ url }) => url))
  const unheard = membership.bootstraps().filter(({ url, instance }) => instance === undefined && !shown.has(url))
  return [
    ...peers.map((peer) => memberView(context, peer, conflicts)),
    ...candidates.map(candidateView),
    ...unheard.map(unheardView),
  ]
}

function memberView({ network, clock }: Context, peer: Peer, conflicts: ReadonlySet<string>): PeerView {
  const { nodeId, instance, url, version, state, ready, incarnation, roundTripMs, answeredAt, failure } = peer
  const lag = network.lagOf(peer)
  const troubles = troublesOf(peer, network.news(), conflicts)
  const detail = failure && sentence(url, failure.message)
  return {
    ...{ instance, url, state, ready, incarnation },
    ...(nodeId !== '' && { nodeId }),
    ...(version !== '' && { version }),
    ...(lag !== undefined && { lag }),
    ...(roundTripMs !== undefined && { roundTripMs: Math.round(roundTripMs * 10) / 10 }),
    ...(answeredAt !== undefined && { lastSeenAt: wallTime(clock, answeredAt) }),
    ...(troubles.length > 0 && { troubles }),
    ...(detail !== undefined && { detail }),
  }
}

/** Whoever is not thought to be there has no troubles: that is what its state says. */
function troublesOf(peer: Peer, own: Pick<Peer, 'wire'>, conflicts: ReadonlySet<string>): PeerTrouble[] {
  const { nodeId, state, usable, verified, knowsUs, wire, failure, answeredAt } = peer
  if (state !== 'alive' && state !== 'suspect') return []
  const speaks = commonWireVersion(wire, own.wire) !== undefined
  const silent = !usable && failure !== undefined
  const stranger = !usable && !silent && speaks && answeredAt !== undefined && !knowsUs
  return [
    ...(silent ? (['unreachable'] as const) : []),
    ...(stranger ? (['stranger'] as const) : []),
    ...(verified ? [] : (['unverified'] as const)),
    ...(conflicts.has(nodeId) ? (['name_conflict'] as const) : []),
    ...(speaks ? [] : (['version'] as const)),
  ]
}

/** It says that it is there, or others say so. */
function candidateView({ instance, nodeId, url, failure }: Candidate): PeerView {
  return {
    ...{ nodeId, instance, url, state: 'suspect', troubles: ['unverified'] },
    ...(failure && { detail: sentence(url, failure.message) }),
  }
}

function unheardView({ url, failure }: Bootstrap): PeerView {
  return { url, state: 'dead', troubles: ['unheard'], ...(failure && { detail: sentence(url, failure.message) }) }
}

function sentence(url: string, message: string): string {
  return `${url} ${message}`
}

/** When that was which happened at a time of the monotonic clock. */
function wallTime(clock: Context['clock'], at: number): string {
  return new Date(clock.now() - (clock.monotonic() - at)).toISOString()
}
