import { type Finding, problemOf } from './finding.ts'
import type { NetworkView } from './look.ts'
import {
  detailOf,
  hears,
  isGone,
  isLasting,
  type Known,
  listed,
  nameOf,
  namesOf,
  type Opinion,
  type Picture,
} from './picture.ts'

/** Who gets no answer from a coordinator that is there. */
interface Broken {
  readonly from: NetworkView
  readonly to: Known
  readonly opinion: Opinion
}

/** Whether those that are there reach each other, and work together. */
export function checkLinks(picture: Picture): Finding[] {
  const broken = findBroken(picture)
  const groups = groupsOf(picture)
  const cut = groups.length > 1 ? [checkCut(groups)] : []
  const isWithin = ({ from, to }: Broken) =>
    !to.view || groups.some((group) => group.includes(from) && group.includes(to.view as NetworkView))
  const within = broken.filter(isWithin)
  const isBack = (one: Broken) => (other: Broken) => other.from === one.to.view && other.to.view === one.from
  const pairs = within.filter((one, at) => within.slice(at + 1).some(isBack(one)))
  const unreached = new Map<Known, Broken[]>()
  for (const one of within) {
    if (!within.some(isBack(one))) unreached.set(one.to, [...(unreached.get(one.to) ?? []), one])
  }
  return [
    ...cut,
    ...pairs.map((one) => checkPair(one, picture)),
    ...[...unreached].map(([to, links]) => checkUnreached(to, links, picture)),
    ...checkTerms(picture),
  ]
}

function findBroken({ known }: Picture): Broken[] {
  return known.flatMap((to) => {
    if (isGone(to) || !isLasting(to) || (!to.view && !to.opinions.some(hears))) return []
    return to.opinions.filter((opinion) => !hears(opinion)).map((opinion) => ({ from: opinion.by, to, opinion }))
  })
}

/** The coordinators that answered and count each other as members, put together as far as one hears the other. */
function groupsOf({ views }: Picture): NetworkView[][] {
  const members = views.filter(({ peers }) =>
    peers.some(({ instance }) => views.some(({ self }) => self.instance === instance)),
  )
  const heard = (one: NetworkView, other: NetworkView) =>
    one.peers.some((peer) => peer.instance === other.self.instance && hears({ by: one, peer }))
  const groups: NetworkView[][] = []
  for (const view of members) {
    const [near, far] = [
      groups.filter((group) => group.some((other) => heard(view, other) || heard(other, view))),
      groups,
    ]
    const rest = far.filter((group) => !near.includes(group))
    groups.splice(0, groups.length, ...rest, [...near.flat(), view])
  }
  const knows = (one: NetworkView, other: NetworkView) =>
    one.peers.some(({ instance }) => instance === other.self.instance)
  const together = groups.filter((group) =>
    groups.some((other) => other !== group && group.some((a) => other.some((b) => knows(a, b)))),
  )
  return together.length > 1 ? together : [groups.flat()]
}

function checkCut(groups: readonly NetworkView[][]): Finding {
  const sides = groups.map((group) => namesOf(group)).join(' | ')
  const message = `the network is cut: ${sides} get no answers from each other, though all answer this machine`
  const remedy =
    'look for a firewall, a route or a VPN that is down between them, and whether each reaches the public URLs of the others; then they find together by themselves'
  return problemOf('links', message, remedy)
}

/** Neither hears the other, and others hear both. */
function checkPair({ from, to, opinion }: Broken, { views, known }: Picture): Finding {
  const one = known.find(({ view }) => view === from)
  const hearing = views.filter((view) =>
    [one, to].every((each) => each?.opinions.some((said) => said.by === view && hears(said))),
  )
  const pair = namesOf(views.filter((view) => view === from || view === to.view))
  const others =
    hearing.length === 0 ? '' : `, while ${namesOf(hearing)} ${hearing.length === 1 ? 'hears' : 'hear'} both`
  return problemOf(
    'links',
    `${pair} get no answers from each other${others}${detailOf(opinion)}`,
    `look for a firewall or a route between the two, and whether each reaches the public URL of the other: ${from.self.url} and ${to.url}`,
  )
}

function checkUnreached(to: Known, links: readonly Broken[], { views }: Picture): Finding {
  const others = views.filter(({ self }) => self.instance !== to.instance)
  const who = namesOf(links.map(({ from }) => from))
  const why = detailOf(links[0]!.opinion)
  const backs = links.map(({ from }) => to.view?.peers.find(({ instance }) => instance === from.self.instance))
  const isOneWay = to.view !== undefined && backs.every((peer) => peer && hears({ by: to.view as NetworkView, peer }))
  if (isOneWay && links.length === others.length) {
    return problemOf(
      'links',
      `${to.nodeId ?? nameOf(to)} reaches the others, and nobody reaches it at its public URL ${to.url}${why}`,
      `set SKYCLAW_COORDINATOR_PUBLIC_URL of ${to.nodeId ?? 'it'} to a URL under which the others reach it, or let them through to that one`,
    )
  }
  const heardBy = others.filter((view) => to.opinions.some((opinion) => opinion.by === view && hears(opinion)))
  const though = isOneWay
    ? `which reaches ${links.length === 1 ? links[0]!.from.self.nodeId : 'them'}: the way is cut in one direction`
    : heardBy.length > 0
      ? `which ${namesOf(heardBy)} ${heardBy.length === 1 ? 'hears' : 'hear'}`
      : 'which answers this machine'
  const verb = links.length === 1 ? 'gets' : 'get'
  return problemOf(
    'links',
    `${who} ${verb} no answer from ${nameOf(to)}, ${though}${why}`,
    `look for a firewall or a route between ${who} and ${to.nodeId ?? to.url}, and whether ${to.url} leads to it from there`,
  )
}

/** Those that answer each other, and cannot work together. */
function checkTerms({ known }: Picture): Finding[] {
  return known.flatMap((to) => {
    const versions = to.opinions.filter(({ peer }) => peer.troubles?.includes('version'))
    // Who could not verify the other, or gets no answer from it, is a finding already.
    const strange = to.opinions.filter(
      ({ by, peer }) => peer.troubles?.includes('stranger') && !isDoubted(by, to, known),
    )
    return [
      ...(versions.length > 0 ? [versionProblem(to, versions)] : []),
      ...(strange.length > 0 ? [strangerProblem(to, strange)] : []),
    ]
  })
}

function isDoubted(by: NetworkView, to: Known, known: readonly Known[]): boolean {
  const own = known.find(({ instance }) => instance === by.self.instance)
  const back = to.view?.peers.find(({ instance }) => instance === by.self.instance)
  return (
    (own?.doubts.length ?? 0) > 0 ||
    (back !== undefined && to.view !== undefined && !hears({ by: to.view, peer: back }))
  )
}

function versionProblem(to: Known, opinions: readonly Opinion[]): Finding {
  const who = listed([...new Set(opinions.map(({ by: { self } }) => `${self.nodeId} (version ${self.version})`))])
  const message = `${to.nodeId ?? to.url} (version ${opinions[0]!.peer.version ?? 'unknown'}) and ${who} have no version of the messages in common`
  return problemOf('versions', message, 'upgrade the older: each version speaks to the one before it')
}

function strangerProblem(to: Known, opinions: readonly Opinion[]): Finding {
  const views = opinions.map(({ by }) => by)
  const name = to.nodeId ?? to.url
  const urls = views.map(({ self }) => self.url || `the URL of ${self.nodeId}`)
  return problemOf(
    'links',
    `${nameOf(to)} answers ${namesOf(views)}, and does not count ${views.length === 1 ? 'it' : 'them'} as ${views.length === 1 ? 'a member' : 'members'}`,
    `if ${name} runs with SKYCLAW_PEER_DISCOVERY=0, add ${listed(urls)} to its SKYCLAW_PEER_URLS; otherwise check that it reaches ${urls.length === 1 ? 'that URL' : 'those URLs'}; its log says why`,
  )
}
