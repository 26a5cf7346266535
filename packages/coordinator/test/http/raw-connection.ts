import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { Answer } from './conformity.ts'

/** A TCP connection on which a test says what it likes. */
export class RawConnection {
  readonly socket: Socket
  #received = ''
  #closed = false
  /** Resolves when something has come, or the connection was closed. */
  #moved = Promise.withResolvers<void>()

  private constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1')
    this.socket.on('data', (chunk: string) => {
      this.#received += chunk
      this.#moved.resolve()
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.#closed = true
      this.#moved.resolve()
    })
  }

  static async open(port: number): Promise<RawConnection> {
    const connection = new RawConnection(port)
    await once(connection.socket, 'connect')
    onTestFinished(() => void connection.socket.destroy())
    return connection
  }

  write(data: string | Buffer): void {
    this.socket.write(data)
  }

  get received(): string {
    return this.#received
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Waits until the other side has closed the connection. */
  async untilClosed(withinMs = 5_000): Promise<void> {
    if (this.#closed) return
    await once(this.socket, 'close', { signal: AbortSignal.timeout(withinMs) })
  }

  /** The next whole answer that comes. Rejects when the connection closes or the time is up before. */
  async answer(withinMs = 5_000): Promise<Answer> {
    const timeUp = sleep(withinMs, 'time up', { ref: false })
    for (;;) {
      this.#moved = Promise.withResolvers()
      const parsed = parseAnswer(this.#received)
      if (parsed) {
        this.#received = this.#received.slice(parsed.length)
        return parsed.answer
      }
      if (this.#closed) throw new Error(`closed after ${JSON.stringify(this.#received)}`)
      if ((await Promise.race([this.#moved.promise, timeUp])) === 'time up') {
        throw new Error(`no answer in ${withinMs} ms: ${JSON.stringify(this.#received)}`)
      }
    }
  }
}

function parseAnswer(text: string): { answer: Answer; length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const length = headEnd + 4 + Number(headers['content-length'] ?? 0)
  if (text.length < length) return undefined
  return {
    answer: { status: Number(statusLine.split(' ')[1]), headers, text: text.slice(headEnd + 4, length) },
    length,
  }
}
