import { type Finding, note, ok, problemOf } from './finding.ts'
import type { Answer } from './look.ts'
import { hears, isGone, nameOf, namesOf, type Picture } from './picture.ts'

/** Whether each coordinator answers this machine, and takes the token. */
export function checkCoordinators(picture: Picture): Finding[] {
  const { answers, known, views } = picture
  const found = answers.flatMap((answer) => {
    const { url, failure, view } = answer
    if (view) return ok('coordinators', `${view.self.nodeId} (${url}) answers, version ${view.self.version}`)
    if (failure?.kind === 'token') return refused(url, views.length > 0)
    if (failure?.kind === 'silent') return checkSilent(answer, picture)
    return problemOf(
      'coordinators',
      `${url} answers with an error: ${failure?.message ?? 'unknown'}`,
      'see its log; check that the URL is that of a coordinator of this version',
    )
  })
  const asked = new Set(answers.map(({ url }) => url))
  const unasked = known.filter((each) => !each.view && !asked.has(each.url) && each.opinions.some(hears))
  if (unasked.length === 0) return found
  const message = `not asked, since this machine may not send the token to URLs that others name, or not to these: ${unasked.map(nameOf).join(', ')}`
  return [...found, note('coordinators', message, 'run this where their URLs lead to them, or name them with --urls')]
}

function refused(url: string, isTaken: boolean): Finding {
  const remedy = isTaken
    ? 'others take it: start that coordinator with the SKYCLAW_TOKEN of the others'
    : 'set SKYCLAW_TOKEN or --token to that of the coordinator'
  return problemOf('token', `${url} refuses the token`, remedy)
}

function checkSilent({ url, failure, learned }: Answer, { known }: Picture): Finding[] {
  const there = known.filter((each) => each.url === url && each.opinions.length > 0)
  // Whoever is gone for all is told of as a member.
  if (there.some(isGone)) return []
  const heard = there.flatMap(({ opinions }) => opinions).filter(hears)
  const why = failure?.message ?? 'no answer'
  if (heard.length > 0) {
    const who = namesOf(heard.map(({ by }) => by))
    const reach = heard.length === 1 ? 'reaches' : 'reach'
    const message = `${there.map(nameOf).join(', ')} does not answer this machine, while ${who} ${reach} it: ${why}`
    const remedy = 'look for a firewall in between, and whether its URL leads to it from here too'
    return [learned ? note('coordinators', message, remedy) : problemOf('coordinators', message, remedy)]
  }
  if (learned) return []
  const remedy =
    'start it, or look for a firewall in between; when it will not return, name it no more with --url, SKYCLAW_COORDINATOR_URL, SKYCLAW_COORDINATOR_URLS or SKYCLAW_PEER_URLS'
  return [problemOf('coordinators', `${url} does not answer: ${why}`, remedy)]
}
