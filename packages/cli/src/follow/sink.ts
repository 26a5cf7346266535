import type { Output } from '../io.ts'

const lineFeed = 10

/** What a write that must wait waits for. */
const wakers = ['drain', 'error', 'close'] as const

/** One of the process's outputs, written as fast as it is read, and no faster. What nobody reads any more is dropped. */
export class Sink {
  readonly #stream: Output
  readonly #onGone = () => void (this.#isGone = true)
  #isGone: boolean
  #isMidLine = false

  constructor(stream: Output) {
    this.#stream = stream
    this.#isGone = !stream.writable
    // Node's own output streams go on after an error, as if nothing had been.
    stream.on('error', this.#onGone).on('close', this.#onGone)
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

  /** Resolves when more can be written, or when the signal is aborted. */
  async write(data: Uint8Array | string, signal?: AbortSignal): Promise<void> {
    if (this.#isGone || data.length === 0) return
    this.#isMidLine = typeof data === 'string' ? !data.endsWith('\n') : data.at(-1) !== lineFeed
    if (this.#stream.write(data) || signal?.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    for (const name of wakers) this.#stream.on(name, wake)
    signal?.addEventListener('abort', wake)
    await promise
    signal?.removeEventListener('abort', wake)
    for (const name of wakers) this.#stream.off(name, wake)
  }

  [Symbol.dispose](): void {
    this.#stream.off('error', this.#onGone).off('close', this.#onGone)
  }
}
