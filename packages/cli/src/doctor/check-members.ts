import { isReplaced, neverHeard } from '../render/network.ts'
import { renderAge } from '../render/time.ts'
import { type Finding, note, ok, problemOf } from './finding.ts'
import { type Answer, heardLately, type NetworkView } from './look.ts'

/** Whether the coordinators hear each other, bear names of their own, and are enough to agree. */
export function checkMembers(answers: readonly Answer[], nowMs: number): Finding[] {
  const views = answers.flatMap(({ view }) => view ?? [])
  return [
    ...views.flatMap((view) => checkPeers(view, nowMs)),
    ...checkMutual(views),
    ...checkNames(views),
    ...checkSameMinimum(views),
    ...views.flatMap(checkMinimum),
    ...checkVersions(views),
  ]
}

function checkPeers(view: NetworkView, nowMs: number): Finding[] {
  const { self, peers } = view
  const others = peers.flatMap((peer) => {
    if (peer.state === 'alive') return []
    const name = peer.nodeId === undefined ? peer.url : `${peer.nodeId} (${peer.url})`
    if (isReplaced(peer, peers)) {
      const message = `${name} is a new instance: the database that was there before is gone`
      return note('members', message, 'what that one kept is moved to others')
    }
    if (neverHeard(peer)) {
      return problemOf(
        'members',
        `${self.nodeId} has never heard ${name}`,
        `start it, and check that ${self.nodeId} reaches that URL with the same SKYCLAW_TOKEN`,
      )
    }
    if (heardLately(peer, view)) {
      return problemOf(
        'members',
        `${name} answers ${self.nodeId}, and does not count it as a peer`,
        `add ${self.url || `the URL of ${self.nodeId}`} to SKYCLAW_PEER_URLS of ${peer.nodeId ?? peer.url}, and check that it reaches that URL`,
      )
    }
    const seen = peer.lastSeenAt === undefined ? '' : `, seen ${renderAge(peer.lastSeenAt, nowMs)}`
    return problemOf(
      'members',
      `${self.nodeId} takes ${name} for ${peer.state}${seen}`,
      `start it again, or check that ${self.nodeId} reaches it; its log and that of ${self.nodeId} say why`,
    )
  })
  if (others.length > 0 || peers.length === 0) return others
  return [
    ok('members', `${self.nodeId} hears ${peers.length === 1 ? 'its one peer' : `all of its ${peers.length} peers`}`),
  ]
}

/** Coordinators that answer here and do not know each other are two networks. */
function checkMutual(views: readonly NetworkView[]): Finding[] {
  return views.flatMap(({ self, peers }) => {
    const known = new Set([self.instance, ...peers.flatMap(({ instance }) => instance ?? [])])
    const urls = new Set(peers.map(({ url }) => url))
    return views.flatMap(({ self: other }) => {
      // Whom it lists and never heard is a finding already, and so is whom it does not count while that one hears it.
      if (known.has(other.instance) || urls.has(other.url)) return []
      if (hearsInVain(views, other.instance, self.instance)) return []
      return problemOf(
        'members',
        `${self.nodeId} does not know ${other.nodeId}`,
        `add ${other.url || `the URL of ${other.nodeId}`} to SKYCLAW_PEER_URLS of ${self.nodeId}: each lists the others`,
      )
    })
  })
}

function hearsInVain(views: readonly NetworkView[], one: string, other: string): boolean {
  const view = views.find(({ self }) => self.instance === one)
  return (
    view?.peers.some((peer) => peer.instance === other && peer.state !== 'alive' && heardLately(peer, view)) ?? false
  )
}

function checkNames(views: readonly NetworkView[]): Finding[] {
  const instances = new Map<string, Map<string, string>>()
  for (const { self, peers } of views) {
    for (const { nodeId, instance, state, url } of [self, ...peers]) {
      if (nodeId === undefined || instance === undefined || state !== 'alive') continue
      instances.set(nodeId, (instances.get(nodeId) ?? new Map<string, string>()).set(instance, url))
    }
  }
  return [...instances].flatMap(([nodeId, urls]) => {
    if (urls.size < 2) return []
    const where = [...urls.values()].map((url) => url || 'without a URL').join(' and ')
    return problemOf(
      'names',
      `${urls.size} live coordinators are called ${nodeId}: ${where}`,
      'give each a SKYCLAW_COORDINATOR_NODE_ID of its own; if one runs on a copy of the other, stop it and give it an empty SKYCLAW_DB_PATH',
    )
  })
}

/** M is a promise of the network: a change that one coordinator acknowledges must be as safe as that of another. */
function checkSameMinimum(views: readonly NetworkView[]): Finding[] {
  const said = views.flatMap(({ self: { nodeId, replication } }) => (replication ? { nodeId, ...replication } : []))
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

function checkMinimum({ self: { nodeId, replication }, peers }: NetworkView): Finding[] {
  if (!replication) return []
  const { live, minReplications: minimum } = replication
  if (live < minimum) {
    return [
      problemOf(
        'minimum',
        `${nodeId} sees ${live} live of ${minimum} coordinators that must hold a change: it refuses changes (insufficient_replicas)`,
        peers.length === 0
          ? 'name the others in SKYCLAW_PEER_URLS; one that is to run alone needs SKYCLAW_MIN_REPLICATIONS=1'
          : 'start the others, or put right what keeps it from hearing them: then work goes on by itself',
      ),
    ]
  }
  if (peers.length === 0) {
    return [note('minimum', `${nodeId} runs alone: a single copy of everything`, 'for more, see SKYCLAW_PEER_URLS')]
  }
  const enough = `${nodeId} sees ${live} live coordinators, of which ${minimum} must hold a change`
  if (live > minimum) return [ok('minimum', enough)]
  return [note('minimum', `${enough}: none of them may be down`, 'with one more, any one may be')]
}

function checkVersions(views: readonly NetworkView[]): Finding[] {
  const seen = views.flatMap(({ self, peers }) => [self, ...peers].flatMap(({ version }) => version ?? []))
  const versions = [...new Set(seen)].toSorted()
  if (versions.length < 2) return []
  return [note('versions', `coordinators of ${versions.length} versions: ${versions.join(', ')}`, 'finish the upgrade')]
}
