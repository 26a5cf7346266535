/**
 * The coordinator as a Fastify plugin. It reads no environment, does not listen and handles no signals. Its routes live in a child scope
 * with their own body parser, validator and error handler, so the server that embeds it keeps its own; the one thing that it
 * adds outside that scope is the decorator `app.skyclaw`. Claims that wait are ended before the server closes its connections, the
 * store is closed after.
 */
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createContext } from './context.ts'
import { apiRoutes } from './http/register-routes.ts'
import { type CoordinatorOptions, resolveOptions } from './options.ts'
import { createSkyclaw, type Skyclaw } from './skyclaw.ts'

declare module 'fastify' {
  interface FastifyInstance {
    skyclaw: Skyclaw
  }
}

async function plugin(app: FastifyInstance, options: CoordinatorOptions): Promise<void> {
  const resolved = resolveOptions(options)
  if (app.hasDecorator('skyclaw')) {
    throw new Error('this server has a coordinator already: register the second one on a server of its own')
  }
  const log = app.log.child({ nodeId: resolved.nodeId })
  const context = await createContext(resolved, log, options.onFatal ?? ((error) => endProcess(log, error)))
  try {
    app.decorate('skyclaw', createSkyclaw(context))
    await app.register(apiRoutes, { prefix: options.prefix ?? '', context })
  } catch (error) {
    // Nobody closes a server that never was ready.
    await context.close()
    throw error
  }
  app.addHook('preClose', async () => context.stopWaiting())
  app.addHook('onClose', async () => context.close())
}

/** Memory is ahead of the disk, or another process has this one's identity: to go on would be to answer with what never was. */
function endProcess(log: FastifyBaseLogger, error: Error): void {
  log.fatal({ err: error }, `the coordinator ends rather than go on: ${error.message}`)
  process.exit(1)
}

/** Registers a coordinator: `await app.register(coordinator, { dbPath: 'skyclaw.db', token })`. */
export const coordinator = fp(plugin, { name: '@skyclaw/coordinator', fastify: '5.x' })
