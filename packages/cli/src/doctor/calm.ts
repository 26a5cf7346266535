import type { PeerView } from '@skyclaw/protocol'
import type { Answer, NetworkView } from './look.ts'

/**
 * The last of several looks, with what passes by itself at its lowest: a value is an orphan for a moment whenever it changes, and a
 * feed lags for a moment. What never went away is a finding.
 */
export function calmest(looks: readonly (readonly Answer[])[]): Answer[] {
  const last = looks.at(-1) ?? []
  return last.map((answer) => {
    if (!answer.view) return answer
    const views = looks.flatMap((look) => look.find(({ url }) => url === answer.url)?.view ?? [])
    const { self, peers } = answer.view
    const replication = self.replication && {
      ...self.replication,
      orphans: lowest(views, ({ self: { replication: seen } }) => seen && Math.max(0, seen.orphans - seen.rounds)),
      unresolvedTwins: lowest(views, (view) => view.self.replication?.unresolvedTwins),
    }
    const calm = peers.map((peer) =>
      peer.lag === undefined
        ? peer
        : { ...peer, lag: lowest(views, (view) => view.peers.find((seen) => isSame(seen, peer))?.lag) },
    )
    return { ...answer, view: { self: { ...self, ...(replication && { replication }) }, peers: calm } }
  })
}

function isSame(one: PeerView, other: PeerView): boolean {
  return one.url === other.url && one.instance === other.instance
}

/** Whether another look may show less: who has just been started or lost is not yet known for that by all. */
export function isUnsettled(answers: readonly Answer[]): boolean {
  const views = answers.flatMap(({ view }) => view ?? [])
  const answering = new Set(views.map(({ self }) => self.instance))
  return views.some(({ self, peers }) => {
    const { orphans = 0, unresolvedTwins = 0 } = self.replication ?? {}
    if (orphans > 0 || unresolvedTwins > 0 || self.ready === false) return true
    const rows = new Set(peers.map(({ instance }) => instance))
    if ([...answering].some((instance) => instance !== self.instance && !rows.has(instance))) return true
    return peers.some(({ state, lag = 0, troubles = [], instance }) => {
      if (state === 'suspect' || troubles.length > 0) return true
      return state === 'alive' ? lag > 0 : state === 'dead' && instance !== undefined && answering.has(instance)
    })
  })
}

function lowest(views: readonly NetworkView[], count: (view: NetworkView) => number | undefined): number {
  const counts = views.flatMap((view) => count(view) ?? [])
  return Math.min(...counts)
}
