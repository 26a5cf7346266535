/**
 * The coordinator as a Fastify plugin. It reads no environment, does not listen and handles no signals. Its routes live in a child scope
 * with their own body parser, validator and error handler, so the server that embeds it keeps its own; the one thing that it
 * adds outside that scope is the decorator `app.skyclaw`. Claims that wait are ended before the server closes its connections, the
 * store is closed after.
 */
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createContext } from './context.ts'
import { listeningUrl } from './http/listening-url.ts'
import { apiRoutes } from './http/register-routes.ts'
import { afterConnections } from './http/take-connections.ts'
import { type CoordinatorOptions, resolveOptions } from './options.ts'
import { createSkyclaw, type Skyclaw } from './skyclaw.ts'

declare module 'fastify' {
  interface FastifyInstance {
    skyclaw: Skyclaw
  }
}

async function plugin(app: FastifyInstance, options: CoordinatorOptions): Promise<void> {
  const prefix = options.prefix ?? ''
  const resolved = resolveOptions({ ...options, publicUrl: options.publicUrl ?? (() => listeningUrl(app, prefix)) })
  if (app.hasDecorator('skyclaw')) {
    throw new Error('this server has a coordinator already: register the second one on a server of its own')
  }
  const log = app.log.child({ nodeId: resolved.nodeId })
  const onFatal = options.onFatal ?? ((error: Error) => endProcess(log, error))
  const context = await createContext(resolved, log, {
    onFatal,
    isServing: servingOf(app),
    schedule: afterConnections(app.server),
  })
  try {
    app.decorate('skyclaw', createSkyclaw(context))
    await app.register(apiRoutes, { prefix, context })
  } catch (error) {
    // Nobody closes a server that never was ready.
    await context.close()
    throw error
  }
  app.addHook('preClose', async () => context.stopWaiting())
  app.addHook('onClose', async () => context.close())
}

/** Another server may pass its requests on to this one, which then never listens: it is served some time after it is ready. */
const servedAfterMs = 3_000

/** Tells whether requests reach the coordinator by now. */
function servingOf(app: FastifyInstance): () => boolean {
  let readyAt = Number.POSITIVE_INFINITY
  app.addHook('onReady', async () => void (readyAt = performance.now()))
  return () => app.server.listening || performance.now() - readyAt >= servedAfterMs
}

/** Memory is ahead of the disk, or another process has this one's identity: to go on would be to answer with what never was. */
function endProcess(log: FastifyBaseLogger, error: Error): void {
  log.fatal({ err: error }, `the coordinator ends rather than go on: ${error.message}`)
  process.exit(1)
}

/** Registers a coordinator: `await app.register(coordinator, { dbPath: 'skyclaw.db', token })`. */
export const coordinator = fp(plugin, { name: '@skyclaw/coordinator', fastify: '5.x' })
