import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** JSON, or a stream of what is yielded. */
type Reply =
  | { status?: number; headers?: Record<string, string>; body: unknown }
  | { events: AsyncIterable<string> | Iterable<string> }

type Answer = (asked: Asked) => Reply | Promise<Reply>

/** An HTTP server on loopback that answers what the test says and keeps what it was asked. */
export async function fakeCoordinator(answer: Answer): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = request.method === 'POST' ? await json(request) : undefined
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    asked.push(one)
    const answered = await answer(one)
    if ('events' in answered) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      for await (const event of answered.events) response.write(event)
      return void response.end()
    }
    const { status = 200, headers, body: reply } = answered
    const type = status < 400 ? 'application/json' : 'application/problem+json'
    response.writeHead(status, { 'content-type': type, ...headers }).end(JSON.stringify(reply))
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}
