import type { Dispatcher } from 'undici'

export interface Answer {
  readonly statusCode: number
  readonly text: string
  readonly bytes: number
}

export interface ExchangeOptions {
  readonly maxAnswerBytes: number
  /** The error that a longer answer ends with. */
  readonly tooLong: () => Error
  /** Each piece of the answer, as it comes. */
  readonly received: (bytes: number) => void
}

/** One request and its whole answer, without the streams and signals of undici's `request`, which cost as much as all the rest of it. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>
  readonly #options: ExchangeOptions
  #resolve!: (answer: Answer) => void
  #reject!: (error: Error) => void
  #controller: Dispatcher.DispatchController | undefined
  #failure: Error | undefined
  #statusCode = 0
  readonly #parts: Uint8Array[] = []
  #bytes = 0

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Ends it early, also while it waits for a connection. */
  readonly abort = (error: Error): void => {
    this.#failure ??= error
    this.#reject(this.#failure)
    this.#controller?.abort(this.#failure)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure) controller.abort(this.#failure)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#statusCode = statusCode
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const { maxAnswerBytes, tooLong, received } = this.#options
    this.#bytes += chunk.byteLength
    received(chunk.byteLength)
    if (this.#bytes > maxAnswerBytes) this.abort(tooLong())
    else this.#parts.push(chunk)
  }

  onResponseEnd(): void {
    const text = Buffer.concat(this.#parts, this.#bytes).toString('utf8')
    this.#resolve({ statusCode: this.#statusCode, text, bytes: this.#bytes })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error)
  }
}
