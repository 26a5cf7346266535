import { Readable } from 'node:stream'

/** A server-sent event; its data travels as JSON. */
export interface ServerEvent {
  readonly id: string
  readonly event: string
  readonly data: unknown
}

/** What answers a request with events. */
export interface EventSource {
  /** The events, made as they are asked for. Ended early by `return`, as `for await` does. */
  readonly events: AsyncGenerator<ServerEvent, void, void>
  /** Aborted when the coordinator closes: whoever does not read then is not waited for. */
  readonly closing: AbortSignal
  /** Called once when no more events are asked for, whatever the reason. */
  readonly ended: () => void
}

/** Something is sent at least that often, so that nobody on the way takes the connection for dead, and who is gone is noticed. */
const pingIntervalMs = 5_000

/** A reader that has not taken what was on its way when the coordinator closes is cut off after that. */
const closeGraceMs = 500

/** Events not yet taken by the connection, in bytes: the next is made when there are fewer. */
const highWaterBytes = 16_384

export const eventStreamType = 'text/event-stream'

/** The events as the bytes of an answer. One event is made when the reader has taken those before it. */
export class EventStream extends Readable {
  readonly #source: EventSource
  readonly #pings: NodeJS.Timeout
  readonly #onClosing: () => void
  #cutOff: NodeJS.Timeout | undefined
  #making = false
  /** Whether the reader has taken all so far. */
  #hungry = false
  #quiet = true

  constructor(source: EventSource) {
    super({ highWaterMark: highWaterBytes })
    this.#source = source
    // The head of the answer goes out with it, however long the first event takes.
    this.push(': output follows\n\n')
    this.#pings = setInterval(() => this.#ping(), pingIntervalMs)
    this.#pings.unref()
    this.#onClosing = () => void (this.#cutOff = setTimeout(() => this.destroy(), closeGraceMs).unref())
    if (source.closing.aborted) this.#onClosing()
    else source.closing.addEventListener('abort', this.#onClosing, { once: true })
  }

  override _read(): void {
    this.#hungry = true
    if (!this.#making) void this.#make()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#pings)
    clearTimeout(this.#cutOff)
    this.#source.closing.removeEventListener('abort', this.#onClosing)
    // What the source waits for is ended by the request's own signal.
    void this.#end()
    callback(error)
  }

  async #end(): Promise<void> {
    this.#source.ended()
    try {
      await this.#source.events.return()
    } catch {
      // Nobody reads any more what went wrong.
    }
  }

  async #make(): Promise<void> {
    this.#making = true
    try {
      while (this.#hungry && !this.destroyed) {
        const { done, value } = await this.#source.events.next()
        if (this.destroyed) return
        this.#quiet = false
        this.#hungry = this.push(done ? null : format(value)) && !done
      }
    } catch (error) {
      this.destroy(error as Error)
    } finally {
      this.#making = false
    }
  }

  /** Only to a reader that waits: for one that does not read, it would only pile up. */
  #ping(): void {
    const due = this.#quiet && this.#hungry
    this.#quiet = true
    if (due) this.push(': ping\n\n')
  }
}

function format({ id, event, data }: ServerEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
