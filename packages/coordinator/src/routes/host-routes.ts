import { createHash, randomUUID } from 'node:crypto'
import { heartbeat } from '../hosts/heartbeat.ts'
import type { Context } from '../context.ts'
import type { Handlers } from '../http/handler.ts'
import { bodyHash } from '../jobs/body-hash.ts'

type HostRoutes = Pick<Handlers, 'registerHost' | 'heartbeat' | 'claimJobs' | 'listHosts'>

export const hostRoutes: HostRoutes = {
  registerHost: async ({ hosts }, { body }) => ({
    host: hosts.view(await hosts.register(body)),
    leaseMs: hosts.sessions.leaseMs,
  }),

  heartbeat: async (context, { params, body }) =>
    heartbeat({ ...context, coordinators: () => coordinators(context) }, params.id, body),

  claimJobs: async ({ hosts, claims, queue }, { params, body, idempotencyKey, retried, signal }) => {
    const host = await hosts.hear(params.id)
    // Each lease names its claim, so that two claims of one host at two coordinators never take the same one for theirs.
    const claim = { key: hash(idempotencyKey ?? randomUUID()), bodyHash: bodyHash(body) }
    const records = await claims.claim(host, { max: body.max ?? 1, waitMs: body.waitMs ?? 0, claim, retried, signal })
    const jobs = await Promise.all(records.map((record) => queue.view(record)))
    return { job: jobs[0] ?? null, ...(body.max !== undefined && { jobs }) }
  },

  listHosts: async ({ hosts }, { query }) => hosts.list({ ...query, limit: query.limit! }),
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** Where a host may go: here, and to the others that this one works with. */
function coordinators({ options, network }: Context): string[] {
  const others = network.membership.peers().flatMap(({ usable, url }) => (usable ? [url] : []))
  return [...new Set([options.publicUrl() ?? '', ...others])].filter((url) => url !== '')
}
