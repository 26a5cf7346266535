import {
  buildPath,
  idempotencyHeader,
  type OperationId,
  problemContentType,
  type RouteDefinition,
  routes,
  tokenHeader,
} from '@skyclaw/protocol'
import { uuidv7 } from 'uuidv7'
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

/** What a call may do and take. */
export interface Terms {
  /** Whether the call changes anything. */
  writes: boolean
  timeoutMs: number
  attemptTimeoutMs: number
}

/** A call as it travels, the same to whichever coordinator. */
export interface Prepared extends Terms {
  route: RouteDefinition
  request: Omit<TransportRequest, 'signal' | 'url'>
  path: string
}

/** Throws an `OptionError` for what cannot be sent. */
export function prepare(options: ResolvedOptions, operation: OperationId, input: CallInput): Prepared {
  const route: RouteDefinition | undefined = routes[operation]
  if (!route) throw new OptionError('operationId', `is not in the route table: ${operation}`)
  const headers = headersOf(options, route)
  if (!['none', 'natural'].includes(route.idempotency) && !withoutKey.has(operation)) {
    headers[idempotencyHeader] = checkIdempotencyKey(input.idempotencyKey ?? newIdempotencyKey())
  }
  const body = route.bytes ? (input.body as Uint8Array) : route.body ? JSON.stringify(input.body ?? {}) : undefined
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

/**
 * A fresh key: a UUID that begins with the time (RFC 9562, version 7), so that what is made about the same time lies together
 * where coordinators keep it.
 */
export function newIdempotencyKey(): string {
  return uuidv7()
}

/** What every request to a route says, its own keys aside. */
export function headersOf(options: ResolvedOptions, route: RouteDefinition): Record<string, string> {
  const answers = route.events ? eventStreamType : 'application/json'
  const headers: Record<string, string> = { accept: `${answers}, ${problemContentType}` }
  if (route.auth && options.token !== undefined) headers[tokenHeader] = options.token
  if (route.bytes) headers['content-type'] = 'application/octet-stream'
  else if (route.body) headers['content-type'] = 'application/json'
  return headers
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
