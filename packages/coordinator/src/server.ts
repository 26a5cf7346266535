import { limits, ProblemError } from '@skyclaw/protocol'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { listeningUrl } from './http/listening-url.ts'
import { isLoopback, refuseForeignPages } from './http/loopback-guard.ts'
import { createNotFoundHandler } from './http/not-found.ts'
import { handleError } from './http/problem-handler.ts'
import { handleClientError, handleExpectation } from './http/server-errors.ts'
import { coordinator } from './plugin.ts'
import { resolveTimeouts, type ServerOptions, type ServerTimeouts } from './server-options.ts'

export type { ServerOptions }

export interface RunningCoordinator {
  /** Under which others reach it. */
  readonly url: string
  readonly app: FastifyInstance
  /** Whether it stands alone for now: it was given no other coordinator, and none has ever joined it. */
  readonly standalone: boolean
  /** Ends waiting claims, finishes what is under way, closes the database. */
  close(): Promise<void>
}

const defaultPort = 8_787

/** Connections that wait to be taken: beyond that, those who connect hear nothing, and the system tries again for them after seconds. */
const maxUnaccepted = 4_096

/** How often connections are looked at for requests that take too long, at most. */
const maxTimeoutCheckMs = 1_000

/**
 * Runs a coordinator on a server of its own. Rejects with a StoreError when the database cannot be opened, with a TypeError or
 * RangeError for a wrong option, and with a plain Error when the address cannot be listened on.
 */
export async function startCoordinator({ host, port, logger, ...rest }: ServerOptions): Promise<RunningCoordinator> {
  const { requestTimeoutMs, connectionTimeoutMs, closeTimeoutMs, ...options } = rest
  const timeouts = resolveTimeouts({ requestTimeoutMs, connectionTimeoutMs, closeTimeoutMs })
  const address = host ?? (options.token === undefined ? '127.0.0.1' : '0.0.0.0')
  if (options.token === undefined && !isLoopback(address)) {
    throw new Error(`listening on ${address} needs a token: set one, or listen on 127.0.0.1`)
  }
  const app = createServer(timeouts, logger)
  if (options.token === undefined) app.addHook('onRequest', async (request) => refuseForeignPages(request))
  const publicUrl = () => configured(options.publicUrl) ?? listeningUrl(app, options.prefix ?? '', address)
  try {
    await app.register(coordinator, {
      ...options,
      publicUrl: typeof options.publicUrl === 'string' ? options.publicUrl : publicUrl,
    })
    await app.listen({ host: address, port: port ?? defaultPort, backlog: maxUnaccepted })
  } catch (error) {
    await app.close().catch(() => undefined)
    throw explain(error, address, port ?? defaultPort)
  }
  const close = () => closeServer(app, timeouts.closeTimeoutMs)
  return {
    ...{ url: publicUrl()!, app, close },
    get standalone() {
      return app.skyclaw.standalone
    },
  }
}

function createServer(timeouts: ServerTimeouts, logger: FastifyBaseLogger | undefined): FastifyInstance {
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: timeouts.requestTimeoutMs,
    connectionTimeout: timeouts.connectionTimeoutMs,
    http: {
      // Node takes the longer of the two for the whole request.
      headersTimeout: timeouts.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(maxTimeoutCheckMs, timeouts.requestTimeoutMs),
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: limits.idChars * 3 },
    clientErrorHandler: handleClientError,
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
    forceCloseConnections: 'idle',
    // The plugin answers for itself, with a problem document.
    return503OnClosing: false,
  })
  app.server.on('checkExpectation', handleExpectation)
  app.setErrorHandler(handleError)
  app.setNotFoundHandler(createNotFoundHandler(''))
  app.addHook('onRequest', ({ raw, headers }, _reply, done) => {
    if (raw.httpVersion !== '1.1' || headers.host !== undefined) return done()
    done(new ProblemError('invalid_request', 'an HTTP/1.1 request needs a Host header', { field: 'host' }))
  })
  return app
}

async function closeServer(app: FastifyInstance, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), timeoutMs)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}

function configured(publicUrl: ServerOptions['publicUrl']): string | undefined {
  return typeof publicUrl === 'function' ? publicUrl() : publicUrl
}

function explain(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new Error(`port ${port} on ${host} is in use: stop what listens there, or choose another port`)
  if (code === 'EACCES') return new Error(`port ${port} on ${host} is not allowed for this user: choose one above 1023`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return new Error(`${host} is no address of this machine`)
  return error
}
