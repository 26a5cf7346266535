import type { Answer } from './look.ts'
import { type Finding, ok, problemOf } from './finding.ts'

/** Whether each configured coordinator answers, and takes the token. */
export function checkCoordinators(answers: readonly Answer[]): Finding[] {
  const taken = answers.some(({ view }) => view !== undefined)
  return answers.map(({ url, view, failure }) => {
    if (view) return ok('coordinators', `${view.self.nodeId} (${url}) answers, version ${view.self.version}`)
    if (failure?.kind === 'token') {
      const remedy = taken
        ? 'others take it: start that coordinator with the SKYCLAW_TOKEN of the others'
        : 'set SKYCLAW_TOKEN or --token to that of the coordinator'
      return problemOf('token', `${url} refuses the token`, remedy)
    }
    if (failure?.kind === 'silent') {
      return problemOf(
        'coordinators',
        `${url} does not answer: ${failure.message}`,
        'start it, or look for a firewall in between; when it will not return, take it out of SKYCLAW_COORDINATOR_URLS and of SKYCLAW_PEER_URLS',
      )
    }
    return problemOf(
      'coordinators',
      `${url} answers with an error: ${failure?.message ?? 'unknown'}`,
      'see its log; check that the URL is that of a coordinator of this version',
    )
  })
}
