/** Wakes those who wait for something about a name. */
export class Bells {
  readonly #waiting = new Map<string, Set<() => void>>()

  ring(name: string): void {
    for (const resolve of this.#waiting.get(name) ?? []) resolve()
  }

  /** Resolves when it rings next, or when the signal is aborted. */
  async next(name: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const onAbort = () => resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    const waiting = this.#waiting.get(name) ?? new Set()
    this.#waiting.set(name, waiting.add(resolve))
    await promise
    waiting.delete(resolve)
    if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name)
    signal.removeEventListener('abort', onAbort)
  }
}
