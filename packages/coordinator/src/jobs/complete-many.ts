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
  return Promise.all(
    reports.map(async ({ id, ...report }) => {
      try {
        const { status } = await queue.complete(id, report)
        return { status }
      } catch (error) {
        if (error instanceof ProblemError) return { problem: error.problem }
        throw error
      }
    }),
  )
}
