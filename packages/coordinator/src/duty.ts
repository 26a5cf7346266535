import type { Log } from './log.ts'

export interface DutyOptions {
  readonly name: string
  readonly intervalMs: number
  /** One round of work. It is never run twice at once. A long one ends early when the signal is aborted: the coordinator closes. */
  readonly run: (closing: AbortSignal) => Promise<void>
  readonly log: Log
}

/** Work that a coordinator does again and again. A round that fails is logged, and the next one comes all the same. */
export class Duty {
  readonly #options: DutyOptions
  readonly #timer: NodeJS.Timeout
  readonly #closing = new AbortController()
  #round: Promise<void> | undefined

  constructor(options: DutyOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#tick(), options.intervalMs)
    this.#timer.unref()
  }

  #tick(): void {
    this.#round ??= this.#run().finally(() => void (this.#round = undefined))
  }

  async #run(): Promise<void> {
    try {
      await this.#options.run(this.#closing.signal)
    } catch (error) {
      this.#options.log.warn({ err: error, duty: this.#options.name }, 'a duty failed; it will be tried again')
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#closing.abort()
    await this.#round
  }
}
