import { type OperationId, ProblemError, routes, wireRange } from '@skyclaw/protocol'
import type { FastifyRequest } from 'fastify'
import { spokenVersions } from '../runtime/member-calls.ts'
import type { ThrottledLog } from '../runtime/throttled-log.ts'

/** What only coordinators call. */
const versionedRoutes: readonly OperationId[] = ['gossip', 'replicateMessages', 'probeMember']
const peerRoutes: readonly OperationId[] = [...versionedRoutes, 'joinNetwork', 'challengeMember']
const peerPaths = peerRoutes.map((id) => routes[id].path)

const maxReasonChars = 512

/** Looks at the version of the messages before anything else, so that another one is called what it is. */
export function peerRouteHooks(id: OperationId) {
  if (!versionedRoutes.includes(id)) return {}
  return { preValidation: async ({ body }: FastifyRequest) => checkVersion(body) }
}

/** Says in the log when another coordinator is refused, and why: it is broken, a copy, of another version, or not meant to be a peer. */
export function logPeerRefusal(warnings: ThrottledLog, request: FastifyRequest, error: Error): void {
  const path = request.routeOptions.url ?? ''
  const isPeers = peerPaths.some((suffix) => path.endsWith(suffix))
  if (!isPeers) return
  const reason = error.message.slice(0, maxReasonChars)
  const { ip, id } = request
  const fields = { ip, requestId: id, ...senderOf(request.body) }
  warnings.warn(`refused from ${ip}: ${reason}`, fields, `a peer's message was refused: ${reason}`)
}

function checkVersion(body: unknown): void {
  // What is no object is called so by the schema.
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return
  const { version } = body as { version?: unknown }
  const { min, max } = wireRange
  if (typeof version === 'number' && version >= min && version <= max) return
  const said = typeof version === 'number' ? `is ${version}` : 'is missing'
  const detail = `version ${said}: this coordinator speaks version ${spokenVersions()} of the messages between coordinators`
  throw new ProblemError('invalid_request', detail, { field: 'version' })
}

/** Who it says it is: nothing of the body is sure to be as it should. */
function senderOf(body: unknown): { from?: string } {
  const { from, self, instance } = Object(body) as { from?: unknown; self?: unknown; instance?: unknown }
  const sender: unknown = from ?? instance ?? (Object(self) as { instance?: unknown }).instance
  return typeof sender === 'string' ? { from: sender.slice(0, maxReasonChars) } : {}
}
