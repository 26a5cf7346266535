import { renderDuration } from '../render/time.ts'
import { type Finding, note, ok, problemOf } from './finding.ts'
import type { NetworkView } from './look.ts'
import {
  hears,
  idOf,
  isGone,
  isLasting,
  isUnjoined,
  type Known,
  nameOf,
  namesOf,
  type Opinion,
  type Picture,
} from './picture.ts'

/** Whoever was not heard for so long will hardly come back by itself. */
const longMs = 3_600_000

/** Members that nobody hears, and those in whose place others are. */
export function checkGone(picture: Picture): Finding[] {
  const { known, views } = picture
  const gone = known.filter(isGone).map((each) => checkOne(each, picture))
  const replaced = known.filter((each) => !isLasting(each) && isReplaced(each))
  const notes = replaced.map((each) => {
    const message = `${nameOf(each)} is a new instance: the database that was there before is gone`
    const remedy = `what instance ${idOf(each, picture)} kept is moved to others; when that database never returns: skyclaw peers forget ${idOf(each, picture)}`
    return note('members', message, remedy)
  })
  if (gone.length > 0) return [...gone, ...notes]
  const fine = views.filter(
    ({ peers }) => peers.length > 0 && peers.every((peer) => isFine(peer.state) && !peer.troubles),
  )
  return [...fine.map(({ self, peers }) => ok('members', `${self.nodeId} hears ${counted(peers.length)}`)), ...notes]
}

function isFine(state: string): boolean {
  return state === 'alive' || state === 'forgotten' || state === 'replaced'
}

function counted(peers: number): string {
  return peers === 1 ? 'its one peer' : `all of its ${peers} peers`
}

function isReplaced({ view, opinions }: Known): boolean {
  const states = opinions.map(({ peer }) => peer.state)
  return !view && states.includes('replaced') && !states.includes('forgotten') && !opinions.some(hears)
}

function checkOne(known: Known, picture: Picture): Finding {
  const id = idOf(known, picture)
  const sinceMs = silentMs(known.opinions)
  const isDead = known.opinions.some(({ peer }) => peer.state === 'dead')
  const state = isDead ? 'counts as dead' : 'is suspect: it does not answer, and counts as dead unless it soon does'
  const silence = sinceMs === undefined ? '' : `, last heard ${renderDuration(sinceMs)} ago`
  const who = namesOf(known.opinions.map(({ by }) => by))
  // Whoever is not taken in refuses changes for that.
  const views = known.opinions.map(({ by }) => by).filter((view) => !isUnjoined(view, picture))
  const risks = risksOf(views)
  const risk = risks.length === 0 ? '' : `; ${risks.join('; ')}`
  const forget = `skyclaw peers forget ${id}${losesRecords(views) ? ' --accept-loss' : ''}`
  const remedy =
    (sinceMs ?? 0) >= longMs
      ? `start it again on its database; when that is lost or it will not return: ${forget}`
      : `start it again, or look at its log and at the network between it and ${who}; when it never returns: ${forget}`
  return problemOf('members', `${nameOf(known)} ${state}${silence}${risk}`, remedy)
}

/** Milliseconds since anybody heard it, by the clocks of those who did. */
function silentMs(opinions: readonly Opinion[]): number | undefined {
  const ages = opinions.flatMap(({ by, peer }) => {
    const ageMs = Date.parse(by.self.now ?? '') - Date.parse(peer.lastSeenAt ?? '')
    return Number.isNaN(ageMs) ? [] : Math.max(0, ageMs)
  })
  return ages.length === 0 ? undefined : Math.min(...ages)
}

/** What those that are gone cost. */
function risksOf(views: readonly NetworkView[]): string[] {
  const all = views.flatMap(({ self: { replication } }) => replication ?? [])
  const short = all.find(({ live, minReplications }) => live < minReplications)
  const below = Math.max(0, ...all.map(({ belowMinimum }) => belowMinimum))
  const under = Math.max(0, ...all.map(({ underReplicated }) => underReplicated))
  return [
    ...(short
      ? [
          `changes are refused (insufficient_replicas): ${short.live} live of ${short.minReplications} that must hold one`,
        ]
      : []),
    ...(below > 0
      ? [
          `${below} ${below === 1 ? 'record' : 'records'} cannot be changed until more of those that keep ${below === 1 ? 'it' : 'them'} are back`,
        ]
      : []),
    ...(below === 0 && under > 0
      ? [`${under} ${under === 1 ? 'record has' : 'records have'} fewer copies meanwhile`]
      : []),
  ]
}

function losesRecords(views: readonly NetworkView[]): boolean {
  return views.some(({ self: { replication } }) => (replication?.belowMinimum ?? 0) > 0)
}
