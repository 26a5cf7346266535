import { problem, type Problem, type RouteDefinition, routes } from '@skyclaw/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from './problem-handler.ts'

/** As much of a URL as an answer repeats. */
const shownUrlChars = 200

const patterns = Object.values(routes).map((route: RouteDefinition) => ({
  // A stream has no head that one could ask for alone.
  methods: route.method === 'GET' && !route.events ? ['GET', 'HEAD'] : [route.method],
  pattern: new RegExp(`^${route.path.replaceAll(/:[A-Za-z]+/g, '[^/]+')}$`),
}))

/** Answers URLs under a prefix that are none of the protocol's, and methods that a URL of the protocol does not have. */
export function createNotFoundHandler(prefix: string) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = request.url.split('?', 1)[0]!
    const allowed = methodsOf(path.startsWith(prefix) ? path.slice(prefix.length) : path)
    if (allowed.length > 0) void reply.header('allow', allowed.join(', '))
    return sendProblem(reply, toProblem(request, path.slice(0, shownUrlChars), allowed))
  }
}

function toProblem({ id: requestId, method }: FastifyRequest, path: string, allowed: string[]): Problem {
  if (allowed.length === 0) return problem('not_found', `there is no ${method} ${path}`, { requestId })
  return problem('method_not_allowed', `${path} takes ${allowed.join(' and ')}, not ${method}`, { requestId })
}

function methodsOf(path: string): string[] {
  const here = patterns.filter(({ pattern }) => pattern.test(path))
  return [...new Set(here.flatMap(({ methods }) => methods))]
}
