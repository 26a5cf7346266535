import { ProblemError, retryHeader } from '@skyclaw/protocol'
import type { FastifyRequest } from 'fastify'

/** Whether a request says that it was tried before, maybe elsewhere. Throws `invalid_request` for a header that is no count. */
export function isRetry({ headers }: FastifyRequest): boolean {
  const count = headers[retryHeader]
  if (count === undefined) return false
  if (typeof count === 'string' && /^\d{1,9}$/.test(count)) return Number(count) > 0
  throw new ProblemError('invalid_request', `${retryHeader} must be the number of earlier attempts, given once`, {
    field: retryHeader,
  })
}
