import { type Finding, problemOf } from './finding.ts'
import type { NetworkView } from './look.ts'
import { detailOf, isGone, isUnjoined, type Known, namesOf, type Opinion, type Picture, refusalOf } from './picture.ts'

const loopback = /^https?:\/\/(localhost|127\.|\[::1\])/

/** Coordinators that are kept from becoming members, and configured URLs at which nobody takes part. */
export function checkJoining(picture: Picture): Finding[] {
  const doubted = picture.known.filter(({ doubts, opinions }) => doubts.length > 0 && opinions.length === 0)
  const unverified = picture.known.filter((known) =>
    known.opinions.some(({ peer }) => peer.troubles?.includes('unverified')),
  )
  return [
    ...doubted.map((known) => checkDoubted(known, known.doubts, picture)),
    ...unverified.flatMap((known) => {
      const opinions = known.opinions.filter(({ peer }) => peer.troubles?.includes('unverified'))
      return isGone(known) || opinions.length === 0 ? [] : checkDoubted(known, opinions, picture)
    }),
    ...checkUnheard(picture),
  ]
}

function checkDoubted(known: Known, opinions: readonly Opinion[], picture: Picture): Finding {
  const [first] = opinions as [Opinion]
  const name = known.nodeId ?? known.url
  const who = namesOf(opinions.map(({ by }) => by))
  const refuses = known.view ? consequence(known.view, picture) : ''
  const message = `${name} is no member: ${who} could not verify that it is reached at ${first.peer.url}, the public URL that it names${detailOf(first)}${refuses}`
  if (refusalOf(first) === 'unauthorized') {
    return problemOf('token', message, `start ${name} with the SKYCLAW_TOKEN of the others`)
  }
  const itself = loopback.test(first.peer.url) ? '; on each machine, such an address is that machine itself' : ''
  const remedy = `start ${name} with SKYCLAW_COORDINATOR_PUBLIC_URL set to a URL of its own under which ${who} reaches it${itself}`
  if (!known.view)
    return problemOf('urls', message, `${remedy}; if it was given up, this is forgotten within ten minutes`)
  return problemOf('urls', message, remedy)
}

/** Whom a configured URL does not lead to; once for each URL. */
function checkUnheard(picture: Picture): Finding[] {
  const { unheard, known, answers } = picture
  const doubted = new Set(known.flatMap(({ instance, doubts }) => (doubts.length > 0 ? instance : [])))
  const silent = new Set(answers.flatMap(({ url, failure }) => (failure && failure.kind !== 'other' ? url : [])))
  const gone = new Set(known.filter(isGone).map(({ url }) => url))
  const byUrl = new Map<string, Opinion[]>()
  for (const opinion of unheard) {
    const { by, peer } = opinion
    // It is doubted by those that it asked, or whoever should be there is told of already.
    if (doubted.has(by.self.instance) || silent.has(peer.url) || gone.has(peer.url)) continue
    byUrl.set(peer.url, [...(byUrl.get(peer.url) ?? []), opinion])
  }
  return [...byUrl].map(([url, opinions]) => unheardProblem(url, opinions, picture))
}

function unheardProblem(url: string, opinions: readonly Opinion[], picture: Picture): Finding {
  const views = opinions.map(({ by }) => by)
  const [first] = opinions as [Opinion]
  const who = namesOf(views)
  const refuses = consequence(views[0]!, picture)
  const message = `${who} never joined anybody at ${url}, which is one of ${views.length === 1 ? 'its' : 'their'} SKYCLAW_PEER_URLS${detailOf(first)}${refuses}`
  const refusal = refusalOf(first)
  if (refusal === 'unauthorized') {
    return problemOf('token', message, `start ${who} with the SKYCLAW_TOKEN that is taken there`)
  }
  if (refusal === 'url_unverified') {
    const remedy = `start ${who} with SKYCLAW_COORDINATOR_PUBLIC_URL set to a URL of its own under which ${url} reaches it`
    return problemOf('urls', message, remedy)
  }
  return problemOf(
    'members',
    message,
    `start a coordinator there, check that ${who} reaches that URL, or take it out of SKYCLAW_PEER_URLS`,
  )
}

/** What it means for whom nobody takes in. */
function consequence(view: NetworkView, picture: Picture): string {
  const { replication } = view.self
  const refuses = replication && replication.live < replication.minReplications && isUnjoined(view, picture)
  return refuses ? `; until then ${view.self.nodeId} refuses changes` : ''
}
