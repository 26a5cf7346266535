import { type OperationId, type RouteDefinition, routes } from '@skyclaw/protocol'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { handlers } from '../routes/handlers.ts'
import { createAuth } from './auth.ts'
import { useJsonBodies } from './body-parser.ts'
import type { Call, Handler } from './handler.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { handleError, handleNotFound } from './problem-handler.ts'
import { createValidatorCompiler } from './validator.ts'

/** Puts the protocol's routes on a scope of the server that is the coordinator's own. */
export function registerRoutes(app: FastifyInstance, context: Context): void {
  const authenticate = createAuth(context.options.token)
  app.setErrorHandler(handleError)
  // At the root the answer to unknown URLs belongs to the server that embeds the coordinator.
  if (app.prefix !== '') app.setNotFoundHandler(handleNotFound)
  app.setValidatorCompiler(createValidatorCompiler())
  app.setSerializerCompiler(() => JSON.stringify)
  useJsonBodies(app)
  const server = app.withTypeProvider<TypeBoxTypeProvider>()
  for (const id of Object.keys(routes) as OperationId[]) {
    const route: RouteDefinition = routes[id]
    server.route({
      method: route.method,
      url: route.path,
      schema: schemaOf(route),
      ...(route.bodyLimitBytes > 0 && { bodyLimit: route.bodyLimitBytes }),
      ...(route.auth && { onRequest: async (request: FastifyRequest) => authenticate(request) }),
      handler: toFastify(id, route, context),
    })
  }
}

function schemaOf({ params, query, body }: RouteDefinition): Record<string, unknown> {
  return { ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }) }
}

function toFastify(id: OperationId, route: RouteDefinition, context: Context) {
  const handler = handlers[id] as Handler<OperationId>
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const key = route.idempotency === 'none' ? undefined : idempotencyKey(request)
    const call = {
      params: request.params,
      query: request.query,
      body: request.body,
      idempotencyKey: key,
      signal: callerGone(reply),
    } as Call<OperationId>
    if (route.idempotency !== 'answer' || key === undefined) return handler(context, call)
    const scope = `${id} ${JSON.stringify(request.params)}`
    return context.answers.once({ scope, key, body: request.body }, () => handler(context, call))
  }
}

function callerGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}
