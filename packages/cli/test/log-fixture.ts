import { formatLogPlace, type LogStream } from '@skyclaw/protocol'

function event(name: string, id: string, data: unknown): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

/** A log as a coordinator tells it: each call is its next event. */
export class LogFixture {
  #attempt = 0
  #place = { stdout: 0, stderr: 0 }

  /** Another try begins. */
  attempt(hostId = 'h'): string {
    this.#attempt += 1
    this.#place = { stdout: 0, stderr: 0 }
    return this.#event('attempt', { hostId, startedAt: '2026-11-22T10:00:00.000Z' })
  }

  piece(stream: LogStream, content: string | Buffer): string {
    const bytes = Buffer.byteLength(content)
    const offset = this.#place[stream]
    this.#place[stream] += bytes
    const written = typeof content === 'string' ? { text: content } : { base64: content.toString('base64') }
    return this.#event('chunk', { stream, offset, bytes, ...written })
  }

  /** Bytes that are left out before the next piece. */
  skip(stream: LogStream, bytes: number): void {
    this.#place[stream] += bytes
  }

  end(status = 'completed', complete = true): string {
    return event('end', formatLogPlace({ attempt: this.#attempt, ...this.#place }), { status, complete })
  }

  #event(name: string, data: object): string {
    const place = { attempt: this.#attempt, ...this.#place }
    return event(name, formatLogPlace(place), { attempt: this.#attempt, ...data })
  }
}
