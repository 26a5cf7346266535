import { ProblemError, tokenHeader } from '@skyclaw/protocol'
import type { FastifyRequest } from 'fastify'
import { hash, timingSafeEqual } from 'node:crypto'

const digest = (text: string) => hash('sha256', text, 'buffer')

/** A check of a request's token: compared in constant time, and refused without a hint. */
export function createAuth(token: string | undefined): (request: FastifyRequest) => void {
  if (token === undefined) return () => undefined
  const expected = digest(token)
  return (request) => {
    const presented = presentedToken(request)
    if (presented === undefined || !timingSafeEqual(digest(presented), expected)) {
      throw new ProblemError('unauthorized', 'this coordinator asks for a token')
    }
  }
}

function presentedToken({ headers }: FastifyRequest): string | undefined {
  const own = headers[tokenHeader]
  if (typeof own === 'string') return own
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}
