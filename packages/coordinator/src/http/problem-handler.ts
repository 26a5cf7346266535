import { type Problem, ProblemError, type ProblemCode, problem, problemContentType, problems } from '@skyclaw/protocol'
import { TurnsBusy, TurnsClosed } from '@skyclaw/store'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** Which problem one of Fastify's own errors is. */
const fastifyCodes: Record<string, ProblemCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_TYPE: 'unsupported_media_type',
}

/** The problem document of whatever went wrong. What the caller is not to blame for hides its detail, and is logged. */
export function toProblem(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof ProblemError) return { ...error.problem, requestId: request.id }
  if (error instanceof TurnsBusy)
    return problem('too_busy', error.message, { outcome: 'not_applied', requestId: request.id })
  if (error instanceof TurnsClosed)
    return problem('shutting_down', 'the coordinator is shutting down', {
      outcome: 'not_applied',
      requestId: request.id,
    })
  const { code = '', statusCode = 500, message } = error as FastifyError
  const known = fastifyCodes[code] ?? (statusCode >= 400 && statusCode < 500 ? codeOf(statusCode) : undefined)
  if (known) return problem(known, message, { requestId: request.id })
  request.log.error({ err: error }, 'a request failed')
  return problem('internal', 'the coordinator failed; its log has the reason under this request id', {
    requestId: request.id,
  })
}

function codeOf(status: number): ProblemCode {
  const found = Object.entries(problems).find(([, entry]) => entry.status === status)
  return (found?.[0] as ProblemCode | undefined) ?? 'invalid_request'
}

export function sendProblem(reply: FastifyReply, document: Problem): FastifyReply {
  if (document.status === 401) void reply.header('www-authenticate', 'Bearer')
  if (document.status === 429 || document.status === 503) void reply.header('retry-after', '1')
  return reply.code(document.status).type(problemContentType).send(JSON.stringify(document))
}

export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(reply, toProblem(error, request))
}

export function handleNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(
    reply,
    problem('not_found', `there is no ${request.method} ${request.url.split('?')[0]}`, { requestId: request.id }),
  )
}
