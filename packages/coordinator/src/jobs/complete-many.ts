import { type BodyOf, ProblemError, type ResponseOf, type Routes } from '@skyclaw/protocol'
import type { Context } from '../context.ts'

type Reports = BodyOf<Routes['completeJobs']>['reports']
type Results = ResponseOf<Routes['completeJobs']>['results']

/**
 * Records many reports, each wholly or not at all: one that is refused holds up no other. The results stand in the order of the
 * reports. Each is what `JobQueue.complete` makes of it, so that a repeat changes nothing more.
 */
export async function completeMany(
  { hosts, queue }: Pick<Context, 'hosts' | 'queue'>,
  reports: Reports,
): Promise<Results> {
  const hostIds = new Set(reports.map(({ hostId }) => hostId))
  await Promise.all([...hostIds].map((id) => hosts.heardFrom(id)))
  const outcomes = await queue.completeMany(reports)
  return outcomes.map((outcome) => {
    if (outcome.ok) return { status: outcome.value!.status }
    if (outcome.error instanceof ProblemError) return { problem: outcome.error.problem }
    throw outcome.error
  })
}
