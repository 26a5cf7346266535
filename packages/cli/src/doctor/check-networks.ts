import { type Finding, problemOf } from './finding.ts'
import type { NetworkView } from './look.ts'
import { isUnjoined, listed, namesOf, type Picture } from './picture.ts'

/** Whether all that answer belong to one network, and each knows each. */
export function checkNetworks(picture: Picture): Finding[] {
  // Whoever waits to be taken in is told of already.
  const views = picture.views.filter((view) => !isUnjoined(view, picture))
  const networks = networksOf(views)
  return [
    ...(networks.length > 1 ? [severalNetworks(networks)] : []),
    ...networks.flatMap((network) => checkKnowing(network, picture)),
  ]
}

function knows({ peers }: NetworkView, { self }: NetworkView): boolean {
  return peers.some(({ instance, url }) => instance === self.instance || (instance === undefined && url === self.url))
}

function networksOf(views: readonly NetworkView[]): NetworkView[][] {
  let networks: NetworkView[][] = []
  for (const view of views) {
    const isSame = (network: NetworkView[]) => network.some((other) => shareMember(view, other))
    networks = [...networks.filter((network) => !isSame(network)), [...networks.filter(isSame).flat(), view]]
  }
  return networks
}

/** Whether one knows the other, or both know a third that may be there. */
function shareMember(one: NetworkView, other: NetworkView): boolean {
  if (knows(one, other) || knows(other, one)) return true
  const lasting = ({ peers }: NetworkView) =>
    peers.flatMap(({ instance, state }) => (state === 'forgotten' || state === 'replaced' ? [] : (instance ?? [])))
  const theirs = new Set(lasting(other))
  return lasting(one).some((instance) => theirs.has(instance))
}

function severalNetworks(networks: readonly NetworkView[][]): Finding {
  const [first, second] = networks as [NetworkView[], NetworkView[]]
  const alone = networks.flat().filter(({ self }) => self.standalone)
  const each = networks.map((network) => namesOf(network)).join(' | ')
  const standing =
    alone.length === 0
      ? ''
      : `; ${namesOf(alone)} ${alone.length === 1 ? 'stands' : 'stand'} alone, with a single copy of everything`
  const joiner = (alone.at(-1) ?? second[0])!
  const target = (networks.find((network) => !network.includes(joiner)) ?? first)[0]!
  const url = target.self.url || `the URL of ${target.self.nodeId}`
  return problemOf(
    'members',
    `${networks.length} networks that do not know each other: ${each}${standing}`,
    `start ${joiner.self.nodeId} again with SKYCLAW_PEER_URLS=${url}: one URL is enough, and the jobs of both are kept`,
  )
}

/** Whether the one has something against the other, or gets no answer from it, which is a finding of its own. */
function isTroubled({ peers }: NetworkView, { self }: NetworkView): boolean {
  return peers.some(({ instance, state, troubles }) => instance === self.instance && (troubles || state !== 'alive'))
}

/** News of members reaches all within seconds. */
function checkKnowing(network: readonly NetworkView[], { known }: Picture): Finding[] {
  return network.flatMap((view) => {
    const strangers = network.filter((other) => {
      if (other === view || knows(view, other) || isTroubled(other, view)) return false
      // The one that does not know the other is told of once: by the first of the two, when neither does.
      return knows(other, view) || network.indexOf(view) < network.indexOf(other)
    })
    // A name on which a challenge failed is told of as that.
    const unknown = strangers.filter(
      ({ self }) => !known.find(({ instance }) => instance === self.instance)?.doubts.some(({ by }) => by === view),
    )
    if (unknown.length === 0) return []
    const urls = unknown.map(({ self }) => self.url || `the URL of ${self.nodeId}`)
    return problemOf(
      'members',
      `${view.self.nodeId} does not know ${namesOf(unknown)}`,
      `if ${view.self.nodeId} runs with SKYCLAW_PEER_DISCOVERY=0, add ${listed(urls)} to its SKYCLAW_PEER_URLS; otherwise look in its log for who does not become a member`,
    )
  })
}
