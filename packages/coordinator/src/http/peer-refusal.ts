import { routes } from '@skyclaw/protocol'
import type { FastifyRequest } from 'fastify'
import type { ThrottledLog } from '../runtime/throttled-log.ts'

/** What only coordinators call. */
const peerPaths = [routes.gossip.path, routes.replicateMessages.path]

const maxReasonChars = 512

/** Says in the log when another coordinator is refused, and why: it is broken, a copy, of another version, or not meant to be a peer. */
export function logPeerRefusal(warnings: ThrottledLog, request: FastifyRequest, error: Error): void {
  const path = request.routeOptions.url ?? ''
  const isPeers = peerPaths.some((suffix) => path.endsWith(suffix))
  if (!isPeers) return
  const reason = error.message.slice(0, maxReasonChars)
  const { ip } = request
  warnings.warn(
    `refused from ${ip}: ${reason}`,
    { ip, ...senderOf(request.body) },
    `a peer's message was refused: ${reason}`,
  )
}

/** Who it says it is: nothing of the body is sure to be as it should. */
function senderOf(body: unknown): { from?: unknown } {
  const { from, self } = (body ?? {}) as { from?: unknown; self?: { instance?: unknown } }
  const sender = from ?? self?.instance
  return typeof sender === 'string' ? { from: sender.slice(0, maxReasonChars) } : {}
}
