import type { Static, TSchema } from '@sinclair/typebox'

/**
 * How a repeat of a mutating request finds the first answer:
 * - `record`: the record's key is derived from the client's key, so the repeat finds the record, on every coordinator;
 * - `lease`: the key is kept in the lease, so the repeat finds its jobs again;
 * - `answer`: the coordinator that answered keeps key, body hash and answer for a while;
 * - `none`: the route changes nothing.
 */
export type Idempotency = 'record' | 'lease' | 'answer' | 'none'

/** One route of the API, as data: the server, the client and OpenAPI are made from it. */
export interface RouteDefinition {
  readonly method: 'GET' | 'POST'
  /** Fastify's form: `/v1/jobs/:id`. */
  readonly path: string
  readonly summary: string
  /** `false` only for what anybody may see. */
  readonly auth: boolean
  readonly idempotency: Idempotency
  readonly params?: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
  readonly response: TSchema
  readonly bodyLimitBytes: number
}

/** Keeps the literal types of a definition. */
export function defineRoute<const T extends RouteDefinition>(route: T): T {
  return route
}

type StaticOf<T> = T extends TSchema ? Static<T> : undefined
export type ParamsOf<T extends RouteDefinition> = StaticOf<T['params']>
export type QueryOf<T extends RouteDefinition> = StaticOf<T['query']>
export type BodyOf<T extends RouteDefinition> = StaticOf<T['body']>
export type ResponseOf<T extends RouteDefinition> = Static<T['response']>

/** Fills the parameters of a route's path in, percent-encoded. Throws a TypeError for one that is missing, or is `.` or `..`. */
export function buildPath(route: RouteDefinition, params: Record<string, string> = {}): string {
  return route.path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined || value === '') throw new TypeError(`${route.path} needs ${name}`)
    // A URL would take these for steps between folders.
    if (value === '.' || value === '..') throw new TypeError(`${name} of ${route.path} cannot be ${value}`)
    return encodeURIComponent(value)
  })
}
