import { ProblemError } from '@skyclaw/protocol'
import type { FastifyRequest } from 'fastify'

/**
 * Without a token, whoever can connect to the loopback address may give orders, and a browser on this machine can be made to: by a page whose
 * name was pointed at 127.0.0.1 (DNS rebinding), or by a form that needs no permission to send. Such requests carry the name or the
 * origin of the page. Throws `unauthorized` for them.
 */
export function refuseForeignPages({ headers }: FastifyRequest): void {
  const { origin, host } = headers
  const named = host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname
  if (named !== undefined && !isLoopback(named)) refuse(`requests for ${host?.slice(0, 200)} need one`)
  if (origin !== undefined && URL.parse(origin)?.host !== host)
    refuse('requests from a page of another origin need one')
}

/** Whether a host name or address can only mean this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

function refuse(why: string): never {
  throw new ProblemError('unauthorized', `this coordinator has no token and serves this machine only: ${why}`)
}
