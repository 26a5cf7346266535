import type { LeaseRef } from '@skyclaw/protocol'

/** Why a running attempt is ended from outside. */
export type EndReason = 'cancelled' | 'lost' | 'released'

export interface RunningAttempt {
  readonly ref: LeaseRef
  /** Aborted to end the process. */
  readonly signal: AbortSignal
  /** Set once the attempt is to end; the result is judged by it. */
  readonly endReason: EndReason | undefined
  /** The attempt is over: what it left is in the spool, or dropped. */
  finish(): void
}

interface Running extends RunningAttempt {
  endReason: EndReason | undefined
  readonly controller: AbortController
  readonly finished: Promise<void>
}

/** What this host holds: attempts that run, and results not yet acknowledged. The heartbeat tells of both. */
export class HeldJobs {
  readonly #running = new Map<string, Running>()
  readonly #undelivered = new Map<string, LeaseRef>()
  readonly #waiting = new Set<() => void>()

  get runningCount(): number {
    return this.#running.size
  }

  get undeliveredCount(): number {
    return this.#undelivered.size
  }

  /** Whether nothing runs, and nothing waits to be delivered. */
  get isEmpty(): boolean {
    return this.#running.size + this.#undelivered.size === 0
  }

  has(ref: LeaseRef): boolean {
    return this.#running.has(keyOf(ref)) || this.#undelivered.has(keyOf(ref))
  }

  /** Everything held, each once. */
  refs(): LeaseRef[] {
    const all = new Map([...this.#running.values()].map(({ ref }) => [keyOf(ref), ref]))
    for (const [key, ref] of this.#undelivered) all.set(key, ref)
    return [...all.values()]
  }

  running(): LeaseRef[] {
    return [...this.#running.values()].map(({ ref }) => ref)
  }

  start(ref: LeaseRef): RunningAttempt {
    const controller = new AbortController()
    const { promise: finished, resolve } = Promise.withResolvers<void>()
    const finish = () => {
      this.#running.delete(keyOf(ref))
      resolve()
      this.#changed()
    }
    const running: Running = { ref, controller, signal: controller.signal, endReason: undefined, finish, finished }
    this.#running.set(keyOf(ref), running)
    this.#changed()
    return running
  }

  /** Ends a running attempt; nothing when it does not run. A lost lease outweighs every other reason. */
  end(ref: LeaseRef, reason: EndReason): void {
    const running = this.#running.get(keyOf(ref))
    if (!running) return
    if (running.endReason === undefined || reason === 'lost') running.endReason = reason
    running.controller.abort()
  }

  /** Ends earlier attempts of the same job, whose lease must be lost when there is a new one, and waits for their end. */
  async endEarlier({ id, attempt }: LeaseRef): Promise<void> {
    const earlier = [...this.#running.values()].filter(({ ref }) => ref.id === id && ref.attempt !== attempt)
    for (const { ref } of earlier) this.end(ref, 'lost')
    await Promise.all(earlier.map(({ finished }) => finished))
  }

  addUndelivered(ref: LeaseRef): void {
    this.#undelivered.set(keyOf(ref), ref)
  }

  removeUndelivered(ref: LeaseRef): void {
    this.#undelivered.delete(keyOf(ref))
    this.#changed()
  }

  /** Resolves when the condition holds; it is looked at after each start, each end and each acknowledgement. Rejects on abort. */
  async until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    while (!condition()) {
      signal?.throwIfAborted()
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake)
      await promise
      signal?.removeEventListener('abort', wake)
      this.#waiting.delete(wake)
    }
  }

  /** Looks at the conditions again: something outside changed. */
  wake(): void {
    this.#changed()
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve()
  }
}

function keyOf({ id, attempt }: LeaseRef): string {
  return `${attempt} ${id}`
}
