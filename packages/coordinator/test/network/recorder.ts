import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** How the challenge is answered, given what it says. Undefined: not at all. */
export type Respond = (challenge: { url: string; nonce: string; proof: string }) => object | undefined

/** An HTTP server that is no coordinator, and notes every request that reaches it. */
export class Recorder {
  readonly requests: RecordedRequest[] = []
  /** Connections that were open at once, at most. */
  mostConnections = 0
  readonly #server: Server
  #connections = 0

  private constructor(respond: Respond) {
    this.#server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        this.requests.push({ method: request.method!, path: request.url!, headers: request.headers, body })
        const answer = respond(JSON.parse(body || '{}'))
        if (!answer) return
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(answer))
      })
    })
    this.#server.on('connection', (socket) => {
      this.#connections += 1
      this.mostConnections = Math.max(this.mostConnections, this.#connections)
      socket.on('close', () => (this.#connections -= 1))
    })
  }

  static async start(respond: Respond): Promise<Recorder> {
    const recorder = new Recorder(respond)
    await new Promise<void>((resolve) => recorder.#server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      recorder.#server.closeAllConnections()
      await new Promise((resolve) => recorder.#server.close(resolve))
    })
    return recorder
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
}

/** Answers as whoever knows the token would, as the given instance. */
export function answerAs(instance: string, token: string): Respond {
  const boot = 'a-process'
  return ({ url, nonce }) => {
    const text = `skyclaw answer\n${nonce}\n${instance}\n${boot}\n${url}`
    return { nodeId: 'stranger', instance, boot, proof: createHmac('sha256', token).update(text).digest('hex') }
  }
}
