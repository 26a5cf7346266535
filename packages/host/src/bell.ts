/** `ended`: the signal ended the wait. */
export type Woken = 'rung' | 'time_up' | 'ended'

/** Wakes who waits for it. Rung while nobody waits, it wakes the next one; rung often, it wakes once. */
export class Bell {
  #isRung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#isRung = true
    this.#wake?.()
  }

  /** Waits until it is rung, or for at most `ms`. One at a time may wait. */
  async wait(ms: number, signal: AbortSignal): Promise<Woken> {
    if (signal.aborted) return 'ended'
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
    const woken = this.#isRung ? 'rung' : 'time_up'
    this.#isRung = false
    return signal.aborted ? 'ended' : woken
  }
}
