import {
  type BodyOf,
  buildPath,
  idempotencyHeader,
  type OperationId,
  type ParamsOf,
  type Problem,
  type QueryOf,
  type ResponseOf,
  type RouteDefinition,
  type Routes,
  routes,
  tokenHeader,
} from '@skyclaw/protocol'
import { Agent, type Dispatcher } from 'undici'

/** Marks an attempt of a call that is not its first. */
const retryHeader = 'skyclaw-retry'

export interface Request<Id extends OperationId> {
  readonly params?: ParamsOf<Routes[Id]>
  readonly query?: QueryOf<Routes[Id]>
  readonly body?: BodyOf<Routes[Id]>
  readonly key?: string
  /** How many attempts of the same request went before this one. */
  readonly retry?: number
  readonly signal?: AbortSignal
}

/** Sends requests, one attempt each. */
export interface Caller {
  /** Rejects when no whole answer came, whatever the reason. */
  call<Id extends OperationId>(operationId: Id, request?: Request<Id>): Promise<Answer<Id>>
}

/** What a coordinator answered, whatever it was. */
export type Answer<Id extends OperationId> =
  | { readonly ok: true; readonly status: number; readonly body: ResponseOf<Routes[Id]> }
  | { readonly ok: false; readonly status: number; readonly body: Problem }

/** A request whose bytes are on their way and that was not answered yet. */
export interface Unanswered {
  readonly operationId: OperationId
  readonly sentAt: number
  /** It asked to wait, so that it would be unanswered under no load, too. */
  readonly waits: boolean
}

export interface HttpOptions {
  readonly token?: string | undefined
  /** Connections at most; each request under way holds one. Default 512. */
  readonly connections?: number
}

/** Sends single requests to one coordinator: no retries, no failover, nothing made nicer, unlike `@skyclaw/client`. */
export class Http implements Caller {
  readonly unanswered = new Set<Unanswered>()
  readonly #agent: Agent
  readonly #origin: string
  readonly #headers: Record<string, string>

  constructor(origin: string, { token, connections = 512 }: HttpOptions = {}) {
    this.#origin = origin
    this.#headers = token === undefined ? {} : { [tokenHeader]: token }
    this.#agent = new Agent({ connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  }

  /** Rejects when no whole answer came, whatever the reason. */
  async call<Id extends OperationId>(operationId: Id, request: Request<Id> = {}): Promise<Answer<Id>> {
    const route: RouteDefinition = routes[operationId]
    const query = new URLSearchParams(
      Object.entries(request.query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
    )
    const path = buildPath(route, request.params as Record<string, string> | undefined)
    const entry = { operationId, sentAt: performance.now(), waits: waits(request.query) || waits(request.body) }
    try {
      const response = await this.#whenSent(() => this.unanswered.add(entry)).request({
        origin: this.#origin,
        path: query.size > 0 ? `${path}?${query}` : path,
        method: route.method,
        headers: {
          ...this.#headers,
          ...(request.body !== undefined && { 'content-type': 'application/json' }),
          ...(request.key !== undefined && { [idempotencyHeader]: request.key }),
          ...(request.retry !== undefined && { [retryHeader]: String(request.retry) }),
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: request.signal ?? null,
      })
      const body: unknown = await response.body.json()
      const status = response.statusCode
      return { ok: status === 200, status, body } as Answer<Id>
    } finally {
      this.unanswered.delete(entry)
    }
  }

  /** As `call`, for requests that must succeed: rejects with the problem's detail otherwise. */
  async must<Id extends OperationId>(operationId: Id, request: Request<Id> = {}): Promise<ResponseOf<Routes[Id]>> {
    const answer = await this.call(operationId, request)
    if (answer.ok) return answer.body
    throw new Error(`${operationId} was answered ${answer.status} ${answer.body.code}: ${answer.body.detail}`)
  }

  /** Calls back at the moment when a request leaves: until then it may have waited for a connection. */
  #whenSent(callBack: () => void): Dispatcher {
    return this.#agent.compose((dispatch) => (options, handler) => {
      const start = handler.onRequestStart?.bind(handler)
      handler.onRequestStart = (controller, context) => {
        callBack()
        start?.(controller, context)
      }
      return dispatch(options, handler)
    })
  }

  /** Ends all connections; what is under way fails. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

function waits(part: unknown): boolean {
  return ((part as { waitMs?: number } | undefined)?.waitMs ?? 0) > 0
}
