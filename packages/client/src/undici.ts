import { Agent, type Dispatcher } from 'undici'
import { readWhole, type StreamRequest, type Transport, type TransportStream } from './transport.ts'

export interface UndiciTransportOptions {
  /** Connections to one coordinator at most; default 64. Each waiting call holds one. */
  connections?: number
  /** Streams from one coordinator at once at most, beside those; default 64. Each log that is followed is one. */
  streams?: number
  /** Milliseconds a connection may take to be made; default 3,000. A dead machine costs no more than that. */
  connectTimeoutMs?: number
  /** Milliseconds an unused connection is kept; default 10,000. */
  keepAliveMs?: number
}

/** A transport over undici's pools, one for each coordinator: for programs that call often, such as hosts. */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  const agent = makeAgent(options.connections ?? 64, options)
  const pings = makeAgent(1, options)
  const streams = makeAgent(options.streams ?? 64, options)
  return {
    send: async (request) => readWhole(await openBy(request.ping ? pings : agent, request), request.maxResponseBytes),
    open: (request) => openBy(streams, request),
    async close() {
      await Promise.all([agent.destroy(), pings.destroy(), streams.destroy()])
    },
  }
}

async function openBy(agent: Agent, { method, url, headers, body, signal }: StreamRequest): Promise<TransportStream> {
  const { origin, pathname, search } = new URL(url)
  const request: Dispatcher.RequestOptions = { origin, path: pathname + search, method, headers, signal }
  if (body !== undefined) request.body = body
  const response = await agent.request(request)
  const retryAfter = response.headers['retry-after']
  const location = response.headers['location']
  const contentType = response.headers['content-type']
  return {
    status: response.statusCode,
    body: response.body,
    ...(typeof retryAfter === 'string' && { retryAfter }),
    ...(typeof location === 'string' && { location }),
    ...(typeof contentType === 'string' && { contentType }),
  }
}

function makeAgent(connections: number, options: UndiciTransportOptions): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: options.connectTimeoutMs ?? 3_000 },
    keepAliveTimeout: options.keepAliveMs ?? 10_000,
    // The client's own limits end an attempt; undici's would cut long polls short.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}
