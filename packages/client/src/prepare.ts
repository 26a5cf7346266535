import { randomUUID } from 'node:crypto'
import {
  buildPath,
  idempotencyHeader,
  type OperationId,
  problemContentType,
  type RouteDefinition,
  routes,
  tokenHeader,
} from '@skyclaw/protocol'
import { OptionError } from './errors.ts'
import { checkIdempotencyKey, positive, type ResolvedOptions } from './options.ts'
import type { TransportRequest } from './transport.ts'

/** A call as it comes from the typed surface. */
export interface CallInput {
  params?: Record<string, string | number>
  query?: Record<string, unknown>
  body?: unknown
  idempotencyKey?: string
  signal?: AbortSignal
  timeoutMs?: number
  attemptTimeoutMs?: number
}

/** A heartbeat says what is so now: repeating an old one would be wrong, so it carries no key. */
const withoutKey: ReadonlySet<OperationId> = new Set(['heartbeat'])

/** The content type of server-sent events. */
export const eventStreamType = 'text/event-stream'

/** A call as it travels, the same to whichever coordinator. */
export interface Prepared {
  route: RouteDefinition
  /** Whether the call changes anything. */
  writes: boolean
  request: Omit<TransportRequest, 'signal' | 'url'>
  path: string
  timeoutMs: number
  attemptTimeoutMs: number
}

/** Throws an `OptionError` for what cannot be sent. */
export function prepare(options: ResolvedOptions, operation: OperationId, input: CallInput): Prepared {
  const route: RouteDefinition | undefined = routes[operation]
  if (!route) throw new OptionError('operationId', `is not in the route table: ${operation}`)
  const answers = route.events ? eventStreamType : 'application/json'
  const headers: Record<string, string> = { accept: `${answers}, ${problemContentType}` }
  if (route.auth && options.token !== undefined) headers[tokenHeader] = options.token
  if (!['none', 'natural'].includes(route.idempotency) && !withoutKey.has(operation)) {
    headers[idempotencyHeader] = checkIdempotencyKey(input.idempotencyKey ?? randomUUID())
  }
  const body = route.bytes ? (input.body as Uint8Array) : route.body ? JSON.stringify(input.body ?? {}) : undefined
  if (body !== undefined) headers['content-type'] = route.bytes ? 'application/octet-stream' : 'application/json'
  const waitMs = waitOf(route.body ? input.body : input.query)
  const timeoutMs = positive('timeoutMs', input.timeoutMs ?? options.timeoutMs) + waitMs
  const attemptTimeoutMs = positive('attemptTimeoutMs', input.attemptTimeoutMs ?? options.attemptTimeoutMs) + waitMs
  return {
    route,
    writes: route.idempotency !== 'none',
    request: {
      method: route.method,
      headers,
      maxResponseBytes: options.maxResponseBytes,
      ...(body !== undefined && { body }),
    },
    path: buildPath(route, input.params) + queryString(input.query),
    timeoutMs,
    attemptTimeoutMs,
  }
}

function waitOf(input: unknown): number {
  const waitMs = (input as { waitMs?: unknown } | undefined)?.waitMs
  return typeof waitMs === 'number' && waitMs > 0 ? waitMs : 0
}

function queryString(query: Record<string, unknown> = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) search.set(name, `${value as string | number}`)
  return search.size > 0 ? `?${search.toString()}` : ''
}
