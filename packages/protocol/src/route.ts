import type { Static, TSchema } from '@sinclair/typebox'

/**
 * How a repeat of a mutating request finds the first answer:
 * - `record`: the record's key is derived from the client's key, so the repeat finds the record, on every coordinator;
 * - `lease`: the key is kept in the lease, so the repeat finds its jobs again;
 * - `answer`: the coordinator that answered keeps key, body hash and answer for a while;
 * - `natural`: the request says what is to be true afterwards, so a repeat changes nothing more, and it carries no key;
 * - `none`: the route changes nothing.
 */
export type Idempotency = 'record' | 'lease' | 'answer' | 'natural' | 'none'

/** One route of the API, as data: the server, the client and OpenAPI are made from it. */
export interface RouteDefinition {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Fastify's form: `/v1/jobs/:id`. */
  readonly path: string
  readonly summary: string
  /** `false` only for what anybody may see. */
  readonly auth: boolean
  readonly idempotency: Idempotency
  readonly params?: TSchema
  readonly query?: TSchema
  /** Of JSON, unless `bytes` says otherwise. */
  readonly body?: TSchema
  /** The body is bytes as they are, `application/octet-stream`, and has no schema. */
  readonly bytes?: true
  /** With `events`, of the data of each server-sent event, by the event's name. */
  readonly response: TSchema
  /** The answer is a stream of server-sent events. */
  readonly events?: true
  readonly bodyLimitBytes: number
}

/** Keeps the literal types of a definition. */
export function defineRoute<const T extends RouteDefinition>(route: T): T {
  return route
}

type StaticOf<T> = T extends TSchema ? Static<T> : undefined
export type ParamsOf<T extends RouteDefinition> = StaticOf<T['params']>
export type QueryOf<T extends RouteDefinition> = StaticOf<T['query']>
export type BodyOf<T extends RouteDefinition> = T extends { bytes: true } ? Uint8Array : StaticOf<T['body']>
export type ResponseOf<T extends RouteDefinition> = Static<T['response']>

/** Fills the parameters of a route's path in, percent-encoded. Throws a TypeError for one that is missing, or is `.` or `..`. */
export function buildPath(route: RouteDefinition, params: Readonly<Record<string, string | number>> = {}): string {
  return route.path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) => {
    const value = params[name]?.toString()
    if (value === undefined || value === '') throw new TypeError(`${route.path} needs ${name}`)
    // A URL would take these for steps between folders.
    if (value === '.' || value === '..') throw new TypeError(`${name} of ${route.path} cannot be ${value}`)
    return encodeURIComponent(value)
  })
}
