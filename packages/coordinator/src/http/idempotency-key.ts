import { idempotencyHeader, idempotencyHeaderAlias, limits, ProblemError } from '@skyclaw/protocol'
import type { FastifyRequest } from 'fastify'

/** The idempotency key of a request, under either name. Throws `invalid_request` for one that is malformed or given twice over. */
export function idempotencyKey({ headers }: FastifyRequest): string | undefined {
  const given = [headers[idempotencyHeader], headers[idempotencyHeaderAlias]].filter((key) => key !== undefined)
  const [key] = given
  if (key === undefined) return undefined
  const wellFormed = typeof key === 'string' && /^[\x21-\x7e]+$/.test(key) && key.length <= limits.idempotencyKeyChars
  if (!wellFormed || given.some((other) => other !== key)) {
    const detail = `X-Idempotency-Key must be 1 to ${limits.idempotencyKeyChars} visible ASCII characters, given once`
    throw new ProblemError('invalid_request', detail, { field: 'X-Idempotency-Key' })
  }
  return key
}
