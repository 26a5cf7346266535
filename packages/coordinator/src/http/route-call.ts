import type { RouteDefinition } from '@skyclaw/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { idempotencyKey } from './idempotency-key.ts'
import { isRetry } from './retry.ts'

/** What a handler is told of its request (`Call`, without the types of its route). Throws `invalid_request` for headers that are wrong. */
export class RouteCall {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly idempotencyKey: string | undefined
  readonly retried: boolean
  readonly #reply: FastifyReply

  constructor({ idempotency }: RouteDefinition, request: FastifyRequest, reply: FastifyReply) {
    this.params = request.params
    this.query = request.query
    this.body = request.body
    this.idempotencyKey = idempotency === 'none' ? undefined : idempotencyKey(request)
    this.retried = idempotency === 'lease' && isRetry(request)
    this.#reply = reply
  }

  get lastEventId(): string | undefined {
    const id = this.#reply.request.headers['last-event-id']
    return Array.isArray(id) ? id.join(', ') : id
  }

  /** Made for who asks for it: most handlers wait for nothing that could be given up, and a signal costs more than the rest of a call. */
  get signal(): AbortSignal {
    return callerGone(this.#reply)
  }
}

function callerGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  // It may have left while its body was read.
  if (raw.closed && !raw.writableFinished) gone.abort()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}
