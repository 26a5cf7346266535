import type { PeerTrouble, PeerView, ResponseOf, Routes } from '@skyclaw/protocol'
import { shortInstance } from '../network/short-instance.ts'

type NetworkView = ResponseOf<Routes['listPeers']>

/** How a coordinator is named in a sentence. */
function peerName({ nodeId, url }: Pick<PeerView, 'nodeId' | 'url'>): string {
  return nodeId === undefined ? url : `${nodeId} (${url})`
}

/** Whether it was only named: it has not answered at its URL, and is no member. */
export function isCandidate({ troubles, incarnation, instance }: PeerView): boolean {
  return instance !== undefined && incarnation === undefined && (troubles?.includes('unverified') ?? false)
}

/** What is wrong, as sentences: with the coordinator that answered, then with each other. */
export function troubleLines(view: NetworkView): string[] {
  const { self, peers } = view
  const alone = self.standalone
    ? [`${self.nodeId} stands alone: a single copy of everything, until another coordinator joins through its URL`]
    : []
  const others = peers.flatMap((peer) => {
    const troubles = (peer.troubles ?? []).filter((trouble) => trouble !== 'name_conflict')
    if (troubles.length > 0) return troubles.map((trouble) => sentences[trouble](peer, view))
    return peer.state === 'suspect' ? [`${peerName(peer)} does not answer, and is dead unless it soon does`] : []
  })
  return [...alone, ...nameConflicts(view), ...others]
}

const sentences: Record<PeerTrouble, (peer: PeerView, view: NetworkView) => string> = {
  unreachable: (peer, { self }) => `${peerName(peer)} gives ${self.nodeId} no answer${because(peer)}`,
  stranger: (peer, { self }) => `${peerName(peer)} answers, and does not count ${self.nodeId} as a member`,
  unverified: (peer) => {
    const what = isCandidate(peer) ? 'is no member: it' : 'was named by another member, and'
    return `${peerName(peer)} ${what} has not shown that it is reached at that URL${because(peer)}`
  },
  version: (peer, { self }) =>
    `${peerName(peer)}, version ${peer.version ?? 'unknown'}, and ${self.nodeId}, version ${self.version}, have no language in common`,
  unheard: ({ url, detail }) =>
    `no coordinator ever took part at ${url}, which is one of SKYCLAW_PEER_URLS${because({ url, detail })}`,
  name_conflict: (peer) => peerName(peer),
}

/** The failure without the URL that the sentence has named. */
function because({ url, detail }: { readonly url: string; readonly detail?: string | undefined }): string {
  if (detail === undefined) return ''
  return `: it ${detail.startsWith(`${url} `) ? detail.slice(url.length + 1) : detail}`
}

function nameConflicts({ self, peers }: NetworkView): string[] {
  const conflicting = peers.filter(({ troubles }) => troubles?.includes('name_conflict'))
  return [...new Set(conflicting.map(({ nodeId }) => nodeId))].map((name) => {
    const named = [self, ...conflicting].filter(({ nodeId }) => nodeId === name)
    const each = named.map(({ url, instance }) => `${url} (${shortInstance(instance ?? '', [self, ...peers])})`)
    return `${named.length} live coordinators are called ${name}: ${each.join(' and ')}`
  })
}
