import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { networkInterfaces } from 'node:os'
import { handleError, handleNotFound } from './http/problem-handler.ts'
import { handleClientError } from './http/server-errors.ts'
import { limits } from '@skyclaw/protocol'
import type { CoordinatorOptions } from './options.ts'
import { coordinator } from './plugin.ts'

export interface ServerOptions extends CoordinatorOptions {
  /** Default: every interface with a token, loopback without one. */
  readonly host?: string | undefined
  /** Default 8787; 0 for a free one. */
  readonly port?: number | undefined
  readonly logger?: FastifyBaseLogger | undefined
}

export interface RunningCoordinator {
  /** Under which others reach it. */
  readonly url: string
  readonly app: FastifyInstance
  /** Whether it stands alone: what it acknowledges is on one disk. */
  readonly standalone: boolean
  /** Ends waiting claims, finishes what is under way, closes the database. */
  close(): Promise<void>
}

const defaultPort = 8_787

/** A request must have arrived whole within this time. */
const requestTimeoutMs = 30_000

/**
 * Runs a coordinator on a server of its own. Rejects with a StoreError when the database cannot be opened, with a TypeError or
 * RangeError for a wrong option, and with a plain Error when the address cannot be listened on.
 */
export async function startCoordinator({ host, port, logger, ...options }: ServerOptions): Promise<RunningCoordinator> {
  const address = host ?? (options.token === undefined ? '127.0.0.1' : '0.0.0.0')
  if (options.token === undefined && !isLoopback(address)) {
    throw new Error(`listening on ${address} needs a token: set one, or listen on 127.0.0.1`)
  }
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: requestTimeoutMs,
    routerOptions: { maxParamLength: limits.idChars * 3 },
    clientErrorHandler: handleClientError,
    frameworkErrors: handleError,
    forceCloseConnections: 'idle',
  })
  app.setErrorHandler(handleError)
  app.setNotFoundHandler(handleNotFound)
  const publicUrl = () => configured(options.publicUrl) ?? listeningUrl(app, address)
  try {
    await app.register(coordinator, { ...options, publicUrl })
    await app.listen({ host: address, port: port ?? defaultPort })
  } catch (error) {
    await app.close().catch(() => undefined)
    throw explain(error, address, port ?? defaultPort)
  }
  return { url: publicUrl(), app, standalone: app.skyclaw.standalone, close: () => app.close() }
}

function configured(publicUrl: CoordinatorOptions['publicUrl']): string | undefined {
  return typeof publicUrl === 'function' ? publicUrl() : publicUrl
}

function listeningUrl(app: FastifyInstance, host: string): string {
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : defaultPort
  const wildcard = host === '0.0.0.0' || host === '::'
  const name = wildcard ? (lanAddress() ?? '127.0.0.1') : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function lanAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function explain(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new Error(`port ${port} on ${host} is in use: stop what listens there, or choose another port`)
  if (code === 'EACCES') return new Error(`port ${port} on ${host} is not allowed for this user: choose one above 1023`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return new Error(`${host} is no address of this machine`)
  return error
}
