import { limits } from '@skyclaw/protocol'
import type { Handlers } from '../http/handler.ts'
import { redact } from '../jobs/job-view.ts'
import { version } from '../version.ts'

export const stateRoutes: Pick<Handlers, 'readState' | 'readHealth'> = {
  /** The first page shows the hosts, each page its share of the jobs. */
  readState: async ({ options, hosts, queue }, { query }) => {
    const { jobs, ...next } = await queue.list({ ...query, limit: query.limit! })
    const shown = query.cursor === undefined ? await hosts.list({ limit: limits.pageMax }) : { hosts: [] }
    return { nodeId: options.nodeId, hosts: shown.hosts, jobs: jobs.map(redact), ...next }
  },

  readHealth: async ({ options, clock, startedAt, ledger }) => ({
    ok: true,
    nodeId: options.nodeId,
    version,
    standalone: ledger.durability.standalone,
    uptimeMs: Math.round(clock.monotonic() - startedAt),
  }),
}
