import type { Output } from '../io.ts'

const lineFeed = 10

/** Nobody reads the output any more: `| head` has enough, the terminal was closed, or the log's reader restarts. */
const unread = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'])

/** Whether an output failed only because nobody reads it any more. */
export function isUnread(error: NodeJS.ErrnoException): boolean {
  return unread.has(error.code ?? '')
}

/** One of the process's outputs, written as fast as it is read, and no faster. What nobody reads any more is dropped. */
export class Sink {
  readonly #stream: Output
  // Errors are told by each write; without a listener they would end the process besides.
  readonly #onError = () => {}
  #isGone = false
  #isMidLine = false

  constructor(stream: Output) {
    this.#stream = stream
    stream.on('error', this.#onError)
  }

  /** Whether nobody reads it any more. */
  get isGone(): boolean {
    return this.#isGone
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** Whether the last line that was written has no end yet. */
  get isMidLine(): boolean {
    return this.#isMidLine
  }

  /** Resolves when it is written, or when the signal is aborted. Rejects when it cannot be written: the disk is full. */
  async write(data: Uint8Array | string, signal?: AbortSignal): Promise<void> {
    if (this.#isGone || data.length === 0) return
    this.#isMidLine = typeof data === 'string' ? !data.endsWith('\n') : data.at(-1) !== lineFeed
    const error = await this.#written(data, signal)
    if (!error) return
    this.#isGone = true
    if (!isUnread(error)) throw new Error(`the output cannot be written: ${error.message}`, { cause: error })
  }

  async #written(data: Uint8Array | string, signal: AbortSignal | undefined): Promise<Error | undefined> {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>()
    const leave = () => resolve(undefined)
    const close = () => resolve(Object.assign(new Error('the output is closed'), { code: 'ERR_STREAM_DESTROYED' }))
    signal?.addEventListener('abort', leave)
    this.#stream.once('close', close)
    this.#stream.write(data, (error) => resolve(error ?? undefined))
    if (signal?.aborted) leave()
    const error = await promise
    this.#stream.off('close', close)
    signal?.removeEventListener('abort', leave)
    return error
  }

  [Symbol.dispose](): void {
    // The stream may tell what ended it after the write did.
    if (!this.#isGone) this.#stream.off('error', this.#onError)
  }
}
