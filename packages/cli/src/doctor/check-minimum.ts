import { type Finding, note, ok, problemOf } from './finding.ts'
import type { NetworkView } from './look.ts'
import { isGone, isUnjoined, namesOf, type Picture } from './picture.ts'

/** Whether enough live to hold each change, and all mean the same by enough. */
export function checkMinimum(picture: Picture): Finding[] {
  return [...checkSame(picture), ...byNumbers(picture).flatMap((views) => checkEnough(views, picture))]
}

/** M is a promise of the network: a change that one coordinator acknowledges must be as safe as that of another. */
function checkSame({ views }: Picture): Finding[] {
  const said = views.flatMap(({ self: { nodeId, standalone, replication } }) => {
    return replication && !standalone ? { nodeId, ...replication } : []
  })
  if (new Set(said.map(({ minReplications }) => minReplications)).size < 2) return []
  const each = said.map(({ nodeId, minReplications }) => `${minReplications} at ${nodeId}`).join(', ')
  return [
    problemOf(
      'minimum',
      `the coordinators differ in how many must hold a change: ${each}`,
      'start all with the same SKYCLAW_MIN_REPLICATIONS',
    ),
  ]
}

/** Those that see the same are one finding. */
function byNumbers(picture: Picture): NetworkView[][] {
  const groups = new Map<string, NetworkView[]>()
  for (const view of picture.views) {
    const { replication, standalone = false } = view.self
    if (!replication || isUnjoined(view, picture)) continue
    const key = `${replication.live} ${replication.minReplications} ${standalone ? view.self.instance : ''}`
    groups.set(key, [...(groups.get(key) ?? []), view])
  }
  return [...groups.values()]
}

function checkEnough(views: readonly NetworkView[], { known, views: all }: Picture): Finding[] {
  const { live, minReplications: minimum } = views[0]!.self.replication!
  const who = namesOf(views)
  const see = views.length === 1 ? 'sees' : 'see'
  const peered = views.some(({ peers }) => peers.length > 0)
  if (live < minimum) {
    // What those cost who are gone is said of them.
    if (known.some(isGone)) return []
    return [
      problemOf(
        'minimum',
        `${who} ${see} ${live} live of ${minimum} coordinators that must hold a change, and ${views.length === 1 ? 'refuses' : 'refuse'} changes (insufficient_replicas)`,
        peered
          ? 'start more, or put right what keeps them from hearing each other: then work goes on by itself'
          : 'start another one with this one as its SKYCLAW_PEER_URLS; one that is to run alone needs SKYCLAW_MIN_REPLICATIONS=1',
      ),
    ]
  }
  if (!peered) return all.length > 1 ? [] : [aloneNote(views[0]!)]
  const enough = `${who} ${see} ${live} live coordinators, of which ${minimum} must hold a change`
  if (live > minimum) return [ok('minimum', enough)]
  return [note('minimum', `${enough}: none of them may be down`, 'with one more, any one may be')]
}

function aloneNote({ self: { nodeId, url, standalone } }: NetworkView): Finding {
  const word = standalone ? 'stands alone' : 'runs alone'
  const remedy = `for more, start another one with SKYCLAW_PEER_URLS=${url || `the URL of ${nodeId}`}`
  return note('minimum', `${nodeId} ${word}: a single copy of everything`, remedy)
}
