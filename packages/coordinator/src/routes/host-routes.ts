import { createHash, randomUUID } from 'node:crypto'
import { heartbeat } from '../hosts/heartbeat.ts'
import type { Context } from '../context.ts'
import type { Handlers } from '../http/handler.ts'
import { bodyHash } from '../jobs/body-hash.ts'
import { handOut } from '../jobs/hand-out.ts'

type HostRoutes = Pick<
  Handlers,
  | 'registerHost'
  | 'heartbeat'
  | 'claimJobs'
  | 'listHosts'
  | 'getHost'
  | 'watchHost'
  | 'pauseHost'
  | 'resumeHost'
  | 'drainHost'
>

export const hostRoutes: HostRoutes = {
  registerHost: async ({ hosts }, { body }) => ({
    host: hosts.view(await hosts.register(body)),
    leaseMs: hosts.sessions.leaseMs,
  }),

  heartbeat: async (context, { params, body }) =>
    heartbeat({ ...context, coordinators: () => coordinators(context) }, params.id, body),

  claimJobs: async ({ hosts, claims, queue, secrets }, { params, body, idempotencyKey, retried, signal }) => {
    const host = await hosts.hear(params.id)
    // Each lease names its claim, so that two claims of one host at two coordinators never take the same one for theirs.
    const claim = { key: hash(idempotencyKey ?? randomUUID()), bodyHash: bodyHash(body) }
    const records = await claims.claim(host, { max: body.max ?? 1, waitMs: body.waitMs ?? 0, claim, retried, signal })
    const jobs = await handOut(queue, secrets, records)
    return { job: jobs[0] ?? null, ...(body.max !== undefined && { jobs }) }
  },

  listHosts: async ({ hosts }, { query }) => hosts.list({ ...query, limit: query.limit! }),

  getHost: async ({ hosts }, { params }) => ({ host: hosts.view(await hosts.record(params.id)) }),

  watchHost: async ({ hosts, changes }, { params, query, signal }) => ({
    seen: await changes.wait(await hosts.hear(params.id), { seen: query.seen, waitMs: query.waitMs ?? 0, signal }),
  }),

  pauseHost: async ({ hosts }, { params }) => ({ host: hosts.view(await hosts.pause(params.id)) }),

  resumeHost: async ({ hosts }, { params }) => ({ host: hosts.view(await hosts.resume(params.id)) }),

  drainHost: async ({ hosts }, { params, body }) => ({
    host: hosts.view(await hosts.drain(params.id, body.deadlineMs)),
  }),
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** Where a host may go: here, and to the others that this one works with. */
function coordinators({ options, network }: Context): string[] {
  const others = network.membership.peers().flatMap(({ usable, url }) => (usable ? [url] : []))
  return [...new Set([options.publicUrl() ?? '', ...others])].filter((url) => url !== '')
}
