import { ProblemResponseError, type SkyclawClient, UnreachableError } from '@skyclaw/client'
import type { PeerView, ResponseOf, Routes } from '@skyclaw/protocol'

export type NetworkView = ResponseOf<Routes['listPeers']>

/** What one configured coordinator answered. */
export interface Answer {
  readonly url: string
  /** What it knows; or else why nobody knows. */
  readonly view?: NetworkView
  readonly failure?: { readonly kind: 'silent' | 'token' | 'other'; readonly message: string }
  /** How far its clock is ahead of this machine's, and how far off that may be; milliseconds. */
  readonly clock?: { readonly aheadMs: number; readonly errorMs: number }
}

/** Milliseconds that one coordinator has for its answer. */
const answerMs = 3_000

/** Asks every coordinator at once, each through a client of its own. Never rejects. */
export async function lookAt(clients: ReadonlyMap<string, SkyclawClient>, now: () => number): Promise<Answer[]> {
  return Promise.all([...clients].map(([url, client]) => ask(url, client, now)))
}

async function ask(url: string, client: SkyclawClient, now: () => number): Promise<Answer> {
  const askedAt = now()
  try {
    const view = await client.peers({ timeoutMs: answerMs })
    const answeredAt = now()
    const theirs = Date.parse(view.self.now ?? '')
    if (Number.isNaN(theirs)) return { url, view }
    return { url, view, clock: { aheadMs: theirs - (askedAt + answeredAt) / 2, errorMs: (answeredAt - askedAt) / 2 } }
  } catch (error) {
    if (error instanceof UnreachableError) {
      return { url, failure: { kind: 'silent', message: error.attempts[0]?.message ?? 'no answer' } }
    }
    const kind = error instanceof ProblemResponseError && error.code === 'unauthorized' ? 'token' : 'other'
    return { url, failure: { kind, message: error instanceof Error ? error.message : String(error) } }
  }
}

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

/** Whether another look may show less. */
export function isUnsettled(answers: readonly Answer[]): boolean {
  const answering = new Set(answers.map(({ view }) => view?.self.instance))
  return answers.some(({ view }) => {
    if (!view) return false
    const { orphans = 0, unresolvedTwins = 0 } = view.self.replication ?? {}
    if (orphans > 0 || unresolvedTwins > 0 || view.self.ready === false) return true
    return view.peers.some((peer) => {
      if (peer.state === 'alive') return (peer.lag ?? 0) > 0
      // Who answers here and is dead there has been started this moment, or there is something between the two.
      return heardLately(peer, view) || (peer.instance !== undefined && answering.has(peer.instance))
    })
  })
}

/** What a coordinator counts a peer as live for after its last answer. */
const liveMs = 3_000

/**
 * Whether a peer answered so lately that it is dead for another reason than silence: it does not count the one that asked as its peer,
 * or ended this moment.
 */
export function heardLately({ lastSeenAt }: PeerView, { self }: NetworkView): boolean {
  const ageMs = Date.parse(self.now ?? '') - Date.parse(lastSeenAt ?? '')
  return ageMs <= liveMs
}

function lowest(views: readonly NetworkView[], count: (view: NetworkView) => number | undefined): number {
  const counts = views.flatMap((view) => count(view) ?? [])
  return Math.min(...counts)
}
