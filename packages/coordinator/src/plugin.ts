/**
 * The coordinator as a Fastify plugin. It reads no environment, does not listen and handles no signals. Its routes live in a child scope
 * with their own body parser, validator, error handler and serialiser, so the server that embeds it keeps its own; the one thing that it
 * adds outside that scope is the decorator `app.skyclaw`. Claims that wait are ended before the server closes its connections, the
 * store is closed after.
 */
import type { BatchItem, BatchResult, EnqueueAnswer, Host, Job, NewJob } from '@skyclaw/protocol'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createContext } from './context.ts'
import { registerRoutes } from './http/register-routes.ts'
import type { JobFilter } from './jobs/queue.ts'
import type { PageRequest } from './ledger/ledger.ts'
import { type CoordinatorOptions, resolveOptions } from './options.ts'

/** What `app.skyclaw` offers in the server's own process: the API without HTTP. Its methods throw a ProblemError. */
export interface Skyclaw {
  readonly nodeId: string
  readonly standalone: boolean
  readonly jobs: {
    enqueue(job: NewJob, idempotencyKey?: string): Promise<EnqueueAnswer>
    enqueueBatch(items: readonly BatchItem[], idempotencyKey?: string): Promise<BatchResult[]>
    get(id: string): Promise<Job>
    list(filter?: Partial<JobFilter>): Promise<{ jobs: Job[]; nextCursor?: string }>
    cancel(id: string, reason?: string): Promise<Job>
  }
  readonly hosts: {
    list(page?: Partial<PageRequest>): Promise<{ hosts: Host[]; nextCursor?: string }>
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    skyclaw: Skyclaw
  }
}

const defaultPageLimit = 100

async function plugin(app: FastifyInstance, options: CoordinatorOptions): Promise<void> {
  const resolved = resolveOptions(options)
  const context = await createContext(resolved, app.log, options.onFatal ?? ((error) => endProcess(app, error)))
  const { queue, hosts, ledger } = context
  app.addHook('preClose', async () => context.stopWaiting())
  app.addHook('onClose', async () => context.close())
  app.decorate('skyclaw', {
    nodeId: resolved.nodeId,
    standalone: ledger.durability.standalone,
    jobs: {
      enqueue: (job, key) => queue.enqueue(job, key),
      enqueueBatch: (items, key) => queue.enqueueBatch(items, key),
      get: (id) => queue.get(id),
      list: (filter) => queue.list({ limit: defaultPageLimit, ...filter }),
      cancel: (id, reason) => queue.cancel(id, reason),
    },
    hosts: { list: (page) => hosts.list({ limit: defaultPageLimit, ...page }) },
  })
  await app.register(async (scope) => registerRoutes(scope, context), { prefix: options.prefix ?? '' })
}

/** Memory is ahead of the disk: to go on would be to answer with what was never stored. */
function endProcess(app: FastifyInstance, error: Error): void {
  app.log.fatal({ err: error }, `the store failed, and the coordinator ends rather than go on: ${error.message}`)
  process.exit(1)
}

/** Registers a coordinator: `await app.register(coordinator, { dbPath: 'skyclaw.db', token })`. */
export const coordinator = fp(plugin, { name: '@skyclaw/coordinator', fastify: '5.x' })
