import type { PeerView, SelfView } from '@skyclaw/protocol'
import type { Context } from '../context.ts'
import type { Peer } from '../network/membership.ts'

/** This coordinator as `peers list` shows it: with how well the records are kept. */
export function selfView({ network, mesh, clock }: Context): SelfView {
  const { sentBytes, receivedBytes, droppedMessages, lostMessages, sent } = network.traffic
  const { nodeId, instance, url, version, ready } = network.news()
  const { rounds, orphans, belowMinimum, underReplicated, unresolvedTwins, twinsPossible } = mesh.mesh.status()
  return {
    ...{ nodeId, instance, url, version, state: 'alive', ready },
    now: new Date(clock.now()).toISOString(),
    replication: {
      minReplications: network.minReplications(),
      live: 1 + network.membership.alive().length,
      ...{ rounds, orphans, belowMinimum, underReplicated, unresolvedTwins, twinsPossible },
    },
    events: Object.fromEntries(mesh.events),
    traffic: { sentBytes, receivedBytes, droppedMessages, lostMessages, sent: Object.fromEntries(sent) },
  }
}

/** The other coordinators: each configured URL, heard or not, and those whose place another instance has taken. */
export function peerViews(context: Context): PeerView[] {
  const { membership } = context.network
  const peers = membership.peers()
  const unheard = context.options.peerUrls.filter((url) => !membership.at(url) && !membership.leadsBack(url))
  return [...peers.map((peer) => toView(context, peer)), ...unheard.map((url): PeerView => ({ url, state: 'dead' }))]
}

function toView({ network, clock }: Context, peer: Peer): PeerView {
  const { nodeId, instance, url, alive, news, roundTripMs, heardAt } = peer
  const lag = network.lagOf(peer)
  return {
    ...{ instance, url, state: alive ? 'alive' : 'dead' },
    ...(nodeId !== '' && { nodeId }),
    ...(news && { version: news.version, ready: news.ready }),
    ...(lag !== undefined && { lag }),
    ...(roundTripMs !== undefined && { roundTripMs: Math.round(roundTripMs * 10) / 10 }),
    ...(heardAt !== undefined && { lastSeenAt: new Date(clock.now() - (clock.monotonic() - heardAt)).toISOString() }),
  }
}
