/**
 * The first of what is under way, again and again: each promise that entered comes out of `next` once, as soon as it is
 * settled. Abort of any of the given signals, or disposal, aborts `signal`, which is for those that entered.
 */
export class Race<T> {
  readonly #ending = new AbortController()
  readonly #parents: readonly AbortSignal[]
  readonly #onAbort: (event: globalThis.Event) => void
  readonly #settled: (() => T)[] = []
  #wake: (() => void) | undefined

  constructor(parents: readonly AbortSignal[]) {
    this.#parents = parents
    this.#onAbort = ({ target }) => this.#end((target as AbortSignal).reason)
    for (const parent of parents) {
      parent.addEventListener('abort', this.#onAbort)
      if (parent.aborted) this.#end(parent.reason)
    }
  }

  get signal(): AbortSignal {
    return this.#ending.signal
  }

  enter(promise: Promise<T>): void {
    const settle = (outcome: () => T) => {
      this.#settled.push(outcome)
      this.#wake?.()
    }
    promise.then(
      (value) => settle(() => value),
      (error: unknown) =>
        settle(() => {
          throw error
        }),
    )
  }

  /** Resolves or rejects as the next one settled, in turn; with undefined after `timeoutMs`. Rejects when aborted. */
  async next(timeoutMs: number | undefined): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined
    if (this.#settled.length === 0 && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs)
      })
      clearTimeout(timer)
    }
    this.signal.throwIfAborted()
    return this.#settled.shift()?.()
  }

  [Symbol.dispose](): void {
    for (const parent of this.#parents) parent.removeEventListener('abort', this.#onAbort)
    this.#end(new Error('the call is over'))
  }

  #end(reason: unknown): void {
    this.#ending.abort(reason)
    this.#wake?.()
  }
}
