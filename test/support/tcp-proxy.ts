import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { atEnd } from './undo.ts'

/** One connection through the proxy: to and from are the same two sockets seen from either side. */
interface Link {
  readonly client: Socket
  readonly target: Socket
}

/** Stands between a server and those who call it: counts bytes, stands still, loses answers. */
export class TcpProxy {
  readonly url: string
  /** Bytes that went through, both ways together. */
  bytes = 0
  readonly #server: Server
  readonly #links = new Set<Link>()
  #paused = false
  #loseAnswer: (() => void) | undefined

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Listens on a port of its own, in front of a loopback port where somebody need not listen yet. */
  static async start(targetPort: number, port = 0): Promise<TcpProxy> {
    const server = createServer()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new TcpProxy(server)
    server.on('connection', (client) => proxy.#join(client, connect(targetPort, '127.0.0.1')))
    atEnd(() => proxy.close())
    return proxy
  }

  /** From now on nothing gets through, though connections stay and new ones are taken: a network that swallows everything. */
  pause(): void {
    this.#paused = true
    for (const { client, target } of this.#links) for (const socket of [client, target]) socket.pause()
  }

  resume(): void {
    this.#paused = false
    for (const { client, target } of this.#links) for (const socket of [client, target]) socket.resume()
  }

  /** Swallows the next answer and cuts its connection. Resolves when the server has begun to send it. */
  loseNextAnswer(): Promise<void> {
    return new Promise((resolve) => void (this.#loseAnswer = resolve))
  }

  async close(): Promise<void> {
    for (const { client, target } of this.#links) for (const socket of [client, target]) socket.destroy()
    await new Promise((done) => this.#server.close(done))
  }

  #join(client: Socket, target: Socket): void {
    const link = { client, target }
    this.#links.add(link)
    const end = () => {
      this.#links.delete(link)
      client.destroy()
      target.destroy()
    }
    for (const socket of [client, target]) socket.setNoDelay(true).once('error', end).once('close', end)
    this.#forward(client, target)
    this.#forward(target, client, () => {
      const lose = this.#loseAnswer
      this.#loseAnswer = undefined
      if (lose) end()
      lose?.()
      return lose !== undefined
    })
    if (this.#paused) for (const socket of [client, target]) socket.pause()
  }

  #forward(from: Socket, to: Socket, swallow: () => boolean = () => false): void {
    from.on('data', (chunk: Buffer) => {
      if (swallow()) return
      this.bytes += chunk.length
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => {
      if (!this.#paused) from.resume()
    })
  }
}
