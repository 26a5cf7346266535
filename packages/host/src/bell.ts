/** Wakes who waits for it. Rung while nobody waits, it wakes the next one; rung often, it wakes once. */
export class Bell {
  #isRung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#isRung = true
    this.#wake?.()
  }

  /** Waits until it is rung, or for at most `ms`. False when the signal ended the wait. One at a time may wait. */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false
    if (!this.#isRung) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      const timer = setTimeout(wake, Math.max(0, ms))
      signal.addEventListener('abort', wake, { once: true })
      this.#wake = wake
      await promise
      this.#wake = undefined
      signal.removeEventListener('abort', wake)
      clearTimeout(timer)
    }
    this.#isRung = false
    return !signal.aborted
  }
}
