import type { PeerView } from '@skyclaw/protocol'
import { shortInstance } from '../network/short-instance.ts'
import { isCandidate } from '../render/peer-troubles.ts'
import type { Answer, NetworkView } from './look.ts'

/** What one coordinator says of another. */
export interface Opinion {
  readonly by: NetworkView
  readonly peer: PeerView
}

/** A coordinator of which somebody knows, itself included. */
export interface Known {
  readonly instance: string
  readonly nodeId: string | undefined
  readonly url: string
  /** What it answered itself. */
  readonly view: NetworkView | undefined
  /** Of those that count it as a member, or did. */
  readonly opinions: readonly Opinion[]
  /** Of those that it does not answer at the URL that it is said to have. */
  readonly doubts: readonly Opinion[]
}

/** All that the coordinators said, put together. */
export interface Picture {
  readonly answers: readonly Answer[]
  /** One of each coordinator that answered, by whichever URL. */
  readonly views: readonly NetworkView[]
  readonly known: readonly Known[]
  /** Configured URLs at which nobody ever took part. */
  readonly unheard: readonly Opinion[]
}

export function drawPicture(answers: readonly Answer[]): Picture {
  const byInstance = new Map(answers.flatMap(({ view }) => (view ? [[view.self.instance, view] as const] : [])))
  const views = [...byInstance.values()]
  const opinions = views.flatMap((by) => by.peers.map((peer): Opinion => ({ by, peer })))
  const instances = new Set([...byInstance.keys(), ...opinions.flatMap(({ peer }) => peer.instance ?? [])])
  const known = [...instances].map((instance): Known => {
    const view = byInstance.get(instance)
    const said = opinions.filter(({ peer }) => peer.instance === instance)
    const { nodeId, url = '' } =
      view?.self ?? said.find(({ peer }) => peer.nodeId !== undefined)?.peer ?? said[0]?.peer ?? {}
    const [members, candidates] = [
      said.filter(({ peer }) => !isCandidate(peer)),
      said.filter(({ peer }) => isCandidate(peer)),
    ]
    return { instance, nodeId, url, view, opinions: members, doubts: candidates }
  })
  return { answers, views, known, unheard: opinions.filter(({ peer }) => peer.instance === undefined) }
}

/** Whether the one gets answers from the other. */
export function hears({ peer: { state, troubles } }: Opinion): boolean {
  return state === 'alive' && !troubles?.includes('unreachable')
}

/** Whether it may come back, or be there: nobody has forgotten it, and no other instance is in its place. */
export function isLasting({ opinions }: Known): boolean {
  return opinions.every(({ peer: { state } }) => state !== 'forgotten' && state !== 'replaced')
}

/** Whether nobody hears a member, this machine included. */
export function isGone(known: Known): boolean {
  const { view, opinions } = known
  return (
    !view &&
    opinions.length > 0 &&
    isLasting(known) &&
    !opinions.some(hears) &&
    opinions.some(({ peer }) => peer.state !== 'alive')
  )
}

/** Whether a coordinator waits for somebody to join, or for those that it joined to accept it: why, is a finding of its own. */
export function isUnjoined({ self }: NetworkView, { views, known, unheard }: Picture): boolean {
  const own = known.find(({ instance }) => instance === self.instance)
  const alone = !views
    .find((view) => view.self.instance === self.instance)
    ?.peers.some((peer) => peer.state === 'alive')
  return alone && ((own?.doubts.length ?? 0) > 0 || unheard.some(({ by }) => by.self.instance === self.instance))
}

/** How a coordinator is named in a sentence. */
export function nameOf({ nodeId, url, instance }: Pick<Known, 'nodeId' | 'url' | 'instance'>): string {
  if (nodeId === undefined) return url || `instance ${instance}`
  return url === '' ? nodeId : `${nodeId} (${url})`
}

/** What `peers forget` takes for it. */
export function idOf({ instance }: Known, { known }: Picture): string {
  const members = known.map((each) => ({
    instance: each.instance,
    ...(each.nodeId !== undefined && { nodeId: each.nodeId }),
  }))
  return shortInstance(instance, members)
}

/** The names of those that said something, as part of a sentence. */
export function namesOf(views: readonly NetworkView[]): string {
  return listed([...new Set(views.map(({ self }) => self.nodeId))])
}

const maxListed = 5

/** `a, b and c`. */
export function listed(words: readonly string[]): string {
  const shown =
    words.length > maxListed ? [...words.slice(0, maxListed - 1), `${words.length - maxListed + 1} more`] : words
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

/** The failure that was told, without the URL that the sentence has named, in parentheses; empty when none was. */
export function detailOf({ peer: { detail, url } }: Opinion): string {
  if (detail === undefined) return ''
  return ` (${detail.startsWith(`${url} `) ? detail.slice(url.length + 1) : detail})`
}

/** The code of the problem with which a call was refused. */
export function refusalOf({ peer: { detail } }: Opinion): string | undefined {
  return /\((\w+)\)$/.exec(detail ?? '')?.[1]
}
