import { type Problem, ProblemError, type ProblemCode, problem, problemContentType, problems } from '@skyclaw/protocol'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { announcesBody } from './body-parser.ts'

/** Which problem one of Fastify's own errors is. */
const fastifyCodes: Record<string, ProblemCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_TYPE: 'unsupported_media_type',
}

/** More than this of a body that nobody wants is not waited for: the connection is closed instead. */
const drainedBodyBytes = 65_536

/** The problem document of whatever went wrong. What the caller is not to blame for hides its detail, and is logged. */
function toProblem(error: unknown, request: FastifyRequest): Problem {
  const requestId = request.id
  if (error instanceof ProblemError) return { ...error.problem, requestId }
  // Aborted because the caller is gone: nobody reads this.
  if (isAbort(error)) return problem('request_timeout', 'the caller did not wait for the answer', { requestId })
  const { code, statusCode = 500, message } = error as FastifyError
  const known = fastifyCodes[code] ?? (statusCode >= 400 && statusCode < 500 ? codeOf(statusCode) : undefined)
  if (known) return problem(known, message.slice(0, 512), { requestId })
  request.log.error({ err: error }, 'a request failed')
  return problem('internal', 'the coordinator failed; its log has the reason under this request id', { requestId })
}

export function shuttingDown(requestId: string): Problem {
  return problem('shutting_down', 'the coordinator is closing', { outcome: 'not_applied', requestId })
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

function codeOf(status: number): ProblemCode {
  const found = Object.entries(problems).find(([, entry]) => entry.status === status)
  return (found?.[0] as ProblemCode | undefined) ?? 'invalid_request'
}

export function sendProblem(reply: FastifyReply, document: Problem): FastifyReply {
  if (document.status === 401) void reply.header('www-authenticate', 'Bearer')
  const mayComeBack = document.status === 429 || document.status === 503
  if (mayComeBack && !reply.hasHeader('retry-after')) void reply.header('retry-after', '1')
  if (leavesMuchUnread(reply.request)) void reply.header('connection', 'close')
  return reply.code(document.status).type(problemContentType).send(JSON.stringify(document))
}

function leavesMuchUnread(request: FastifyRequest): boolean {
  const { raw, headers } = request
  if (raw.complete || raw.httpVersionMajor !== 1 || !announcesBody(request)) return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > drainedBodyBytes
}

export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(reply, toProblem(error, request))
}

/**
 * The same for the coordinator's routes within another server: an error with a status of its own that one of that server's hooks threw
 * goes on to that server's error handler.
 */
export function handleOwnError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (isForeign(error, request)) throw error
  return handleError(error, request, reply)
}

function isForeign(error: unknown, { raw }: FastifyRequest): boolean {
  if (error instanceof ProblemError || !(error instanceof Error) || raw.destroyed) return false
  const { code, statusCode } = error as Partial<FastifyError>
  return statusCode !== undefined && !String(code).startsWith('FST_')
}
