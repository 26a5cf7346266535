import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildPath, type OperationId, routes } from '@skyclaw/protocol'
import { atEnd } from './undo.ts'

export interface HeardRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What is answered to a request, with 200; a function is given what was asked. Undefined: nothing ever, though the connection stays. */
type FakeAnswer = object | ((asked: Record<string, string>) => object | undefined | Promise<object | undefined>)

/** An HTTP server that is no coordinator, notes all that reaches it, and answers what the test says. */
export class FakeCoordinator {
  readonly url: string
  readonly heard: HeardRequest[] = []
  /** Connections that were open at once, at most. */
  mostConnections = 0
  readonly #server: Server
  readonly #answers: Readonly<Partial<Record<OperationId, FakeAnswer>>>
  #connections = 0

  private constructor(server: Server, answers: Readonly<Partial<Record<OperationId, FakeAnswer>>>) {
    this.#server = server
    this.#answers = answers
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** @param answers what operations are answered; others with 404 and no problem document */
  static async start(answers: Readonly<Partial<Record<OperationId, FakeAnswer>>> = {}): Promise<FakeCoordinator> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const fake = new FakeCoordinator(server, answers)
    fake.#serve()
    atEnd(async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    })
    return fake
  }

  #serve(): void {
    this.#server.on('connection', (socket) => {
      this.#connections += 1
      this.mostConnections = Math.max(this.mostConnections, this.#connections)
      socket.once('close', () => (this.#connections -= 1))
    })
    this.#server.on('request', async (request, response) => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      const path = request.url ?? ''
      this.heard.push({ path, headers: request.headers, body })
      const answer = this.#answerTo(path)
      const asked = JSON.parse(body || '{}') as Record<string, string>
      const said = typeof answer === 'function' ? await answer(asked) : answer
      if (answer === undefined) response.writeHead(404).end('nothing here')
      else if (said !== undefined) response.setHeader('content-type', 'application/json').end(JSON.stringify(said))
    })
  }

  #answerTo(path: string): FakeAnswer | undefined {
    const found = Object.entries(this.#answers).find(([id]) => path.endsWith(buildPath(routes[id as OperationId])))
    return found?.[1]
  }
}

/** What one who knows the token answers to a challenge. */
export function proveAs(instance: string, token: string): FakeAnswer {
  const boot = 'a-process'
  return ({ url, nonce }) => {
    const text = `skyclaw answer\n${nonce}\n${instance}\n${boot}\n${url}`
    return { nodeId: 'fake', instance, boot, proof: createHmac('sha256', token).update(text).digest('hex') }
  }
}
