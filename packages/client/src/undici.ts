import { Agent, type Dispatcher } from 'undici'
import { readBounded, type Transport } from './transport.ts'

export interface UndiciTransportOptions {
  /** Connections to one coordinator at most; default 64. Each waiting call holds one. */
  connections?: number
  /** Milliseconds a connection may take to be made; default 3,000. A dead machine costs no more than that. */
  connectTimeoutMs?: number
  /** Milliseconds an unused connection is kept; default 10,000. */
  keepAliveMs?: number
}

/** A transport over undici's pools, one for each coordinator: for programs that call often, such as hosts. */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  const agent = makeAgent(options.connections ?? 64, options)
  const pings = makeAgent(1, options)
  return {
    async send({ method, url, headers, body, signal, maxResponseBytes, ping }) {
      const { origin, pathname, search } = new URL(url)
      const request: Dispatcher.RequestOptions = { origin, path: pathname + search, method, headers, signal }
      if (body !== undefined) request.body = body
      const response = await (ping ? pings : agent).request(request)
      const retryAfter = response.headers['retry-after']
      const location = response.headers['location']
      return {
        status: response.statusCode,
        body: await readBounded(response.body, maxResponseBytes),
        ...(typeof retryAfter === 'string' && { retryAfter }),
        ...(typeof location === 'string' && { location }),
      }
    },
    async close() {
      await Promise.all([agent.destroy(), pings.destroy()])
    },
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
