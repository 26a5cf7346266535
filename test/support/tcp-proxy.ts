import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { atEnd } from './undo.ts'

/** From who connected to the server, or from the server. */
export type Way = 'there' | 'back'

/** `swallows`: connections stay, new ones are taken, and nothing comes through. `breaks`: they are reset. */
export type Passage = 'passes' | 'swallows' | 'breaks'

/** What happens to bytes of a connection from a loopback address. */
export type Gate = (caller: string, way: Way) => Passage

/** One connection through the proxy: to and from are the same two sockets seen from either side. */
interface Link {
  readonly caller: string
  readonly client: Socket
  readonly target: Socket
  readonly end: () => void
}

/** Stands between a server and those who call it: counts bytes, stands still, loses answers. */
export class TcpProxy {
  readonly url: string
  /** Bytes that went through, both ways together. */
  bytes = 0
  readonly #server: Server
  readonly #links = new Set<Link>()
  #gate: Gate = () => 'passes'
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

  /** From now on bytes go through as `gate` says, on connections that are there, too. What was swallowed goes on when it passes again. */
  guard(gate: Gate): void {
    this.#gate = gate
    for (const link of [...this.#links]) this.#look(link)
  }

  /** From now on nothing gets through, though connections stay and new ones are taken: a network that swallows everything. */
  pause(): void {
    this.guard(() => 'swallows')
  }

  resume(): void {
    this.guard(() => 'passes')
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
    const end = () => {
      this.#links.delete(link)
      client.destroy()
      target.destroy()
    }
    const link = { caller: client.remoteAddress ?? '', client, target, end }
    this.#links.add(link)
    for (const socket of [client, target]) socket.setNoDelay(true).once('error', end).once('close', end)
    this.#forward(link, 'there')
    this.#forward(link, 'back')
    this.#look(link)
  }

  #look({ caller, client, target, end }: Link): void {
    const there = this.#gate(caller, 'there')
    const back = this.#gate(caller, 'back')
    if (there === 'breaks' || back === 'breaks') {
      client.resetAndDestroy()
      return end()
    }
    if (there === 'passes') client.resume()
    else client.pause()
    if (back === 'passes') target.resume()
    else target.pause()
  }

  #forward(link: Link, way: Way): void {
    const { client, target, end } = link
    const [from, to] = way === 'there' ? [client, target] : [target, client]
    from.on('data', (chunk: Buffer) => {
      if (way === 'back' && this.#losesAnswer()) return end()
      this.bytes += chunk.length
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => this.#look(link))
  }

  #losesAnswer(): boolean {
    const lose = this.#loseAnswer
    this.#loseAnswer = undefined
    lose?.()
    return lose !== undefined
  }
}
