import { type OperationId, type RouteDefinition, routes } from '@skyclaw/protocol'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { handlers } from '../routes/handlers.ts'
import { createAuth } from './auth.ts'
import { useBodies } from './body-parser.ts'
import { type EventSource, EventStream, eventStreamType } from './event-stream.ts'
import { Gate } from './gate.ts'
import type { Call, Handler } from './handler.ts'
import { createNotFoundHandler } from './not-found.ts'
import { logPeerRefusal, peerRouteHooks } from './peer-routes.ts'
import { handleOwnError, sendProblem, shuttingDown } from './problem-handler.ts'
import { RouteCall } from './route-call.ts'
import { createValidatorCompiler } from './validator.ts'

/** A scope whose schemas are TypeBox's. */
type Scope = Parameters<FastifyPluginAsyncTypebox>[0]

/** Puts the protocol's routes on a scope of the server that is the coordinator's own. */
export const apiRoutes: FastifyPluginAsyncTypebox<{ context: Context }> = async (app, { context }) => {
  const authenticate = createAuth(context.options.token)
  const { nodeId } = context.options
  app.setChildLoggerFactory((log, bindings, options) => log.child({ ...bindings, nodeId }, options))
  app.setErrorHandler(handleOwnError)
  app.addHook('onError', async (request, _reply, error) => logPeerRefusal(context.network.warnings, request, error))
  // At the root the answer to unknown URLs belongs to the server that embeds the coordinator.
  if (app.prefix !== '') app.setNotFoundHandler(createNotFoundHandler(app.prefix))
  app.setValidatorCompiler(createValidatorCompiler())
  useBodies(app)
  endConnectionsWhenClosing(app, context)
  const gate = new Gate(context)
  app.addHook('onClose', async () => gate.close())
  for (const id of Object.keys(routes) as OperationId[]) {
    const route: RouteDefinition = routes[id]
    app.route({
      method: route.method,
      url: route.path,
      schema: schemaOf(route),
      config: { bytes: route.bytes === true },
      // A stream has nothing to say to who asks for the head only, and may last for hours.
      ...(route.events && { exposeHeadRoute: false }),
      ...(route.bodyLimitBytes > 0 && { bodyLimit: route.bodyLimitBytes }),
      onRequest: [...(route.auth ? [onRequest(authenticate)] : []), ...gate.onRequest(id)],
      onSend: gate.onSend(id),
      ...peerRouteHooks(id),
      handler: toFastify(id, route, context, gate),
    })
  }
}

function schemaOf({ params, query, body }: RouteDefinition): Record<string, unknown> {
  return { ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }) }
}

function toFastify(id: OperationId, route: RouteDefinition, context: Context, gate: Gate) {
  const handler = handlers[id] as Handler<OperationId>
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const answer = await gate.work(request, reply, () => answerTo(request, reply))
    if (route.events) return sendEvents(reply, answer as EventSource)
    // As text, so that no serialiser of the embedding server touches it.
    return reply.type('application/json').send(JSON.stringify(answer))
  }

  async function answerTo(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const call = new RouteCall(route, request, reply) as Call<OperationId>
    const { idempotencyKey: key } = call
    if (route.idempotency !== 'answer' || key === undefined) return handler(context, call)
    const scope = `${id} ${JSON.stringify(request.params)}`
    return context.answers.once({ scope, key, body: request.body }, () => handler(context, call))
  }
}

/** The check as a hook that makes no promise: each one costs, with every request. */
function onRequest(check: (request: FastifyRequest) => void) {
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    try {
      check(request)
    } catch (error) {
      return done(error as Error)
    }
    done()
  }
}

/** A connection that stayed open after the last answer would hold up the server's close for as long as it is kept alive. */
function endConnectionsWhenClosing(app: Scope, context: Context): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (context.closing) sendProblem(reply, shuttingDown(request.id))
    else done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (context.closing && request.raw.httpVersionMajor === 1) void reply.header('connection', 'close')
    done()
  })
}

/** The connection ends with the stream: it would hold up the server's close otherwise. */
function sendEvents(reply: FastifyReply, source: EventSource): FastifyReply {
  if (reply.request.raw.httpVersionMajor === 1) void reply.header('connection', 'close')
  void reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no')
  const stream = new EventStream(source)
  // Whoever is gone already never takes the first event.
  if (reply.raw.closed) stream.destroy()
  else reply.raw.once('close', () => stream.destroy())
  return reply.type(eventStreamType).send(stream)
}
