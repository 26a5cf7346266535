import { ProblemError, type Requirement } from '@skyclaw/protocol'

type Wake = 'woken' | 'time_up'

interface Waiter {
  readonly accepts: (requirement: Requirement) => boolean
  /** Set while it sleeps. */
  resolve: ((wake: Wake) => void) | undefined
  /** What it was woken for and has not looked for yet. */
  wokenFor: Requirement | undefined
}

/**
 * The claims that wait for a job. A job that comes wakes one of them, the one that has waited longest among those that can run it, not
 * all: a hundred idle hosts do not race for one job. A wake is never lost: a claim that leaves before it has looked hands its wake on.
 */
export class WaitingClaims {
  readonly #waiters = new Set<Waiter>()
  readonly #maxWaiting: number
  #closed = false

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** Joins those who wait, before the first look: what comes during the look wakes it too. Throws `too_busy` when too many wait. */
  enter(accepts: (requirement: Requirement) => boolean): WaitingClaim {
    if (this.#waiters.size >= this.#maxWaiting) {
      throw new ProblemError('too_busy', `${this.#maxWaiting} claims wait already`)
    }
    const waiter: Waiter = { accepts, resolve: undefined, wokenFor: undefined }
    this.#waiters.add(waiter)
    return {
      looking: () => void (waiter.wokenFor = undefined),
      sleep: (ms, signal) => this.#sleep(waiter, ms, signal),
      leave: () => this.#leave(waiter),
    }
  }

  /** Tells one of those who can run it, sleepers first. */
  wake(requirement: Requirement): void {
    const busy: Waiter[] = []
    for (const waiter of this.#waiters) {
      if (waiter.wokenFor || !waiter.accepts(requirement)) continue
      if (waiter.resolve) return wakeUp(waiter, requirement)
      busy.push(waiter)
    }
    for (const waiter of busy) waiter.wokenFor = requirement
  }

  /** Tells everyone who can run it. */
  wakeAll(requirement: Requirement, except?: (requirement: Requirement) => boolean): void {
    for (const waiter of this.#waiters) {
      if (waiter.accepts !== except && waiter.accepts(requirement)) wakeUp(waiter, requirement)
    }
  }

  /** Ends every wait. */
  close(): void {
    this.#closed = true
    for (const waiter of this.#waiters) waiter.resolve?.('time_up')
  }

  get closed(): boolean {
    return this.#closed
  }

  async #sleep(waiter: Waiter, ms: number, signal?: AbortSignal): Promise<Wake> {
    if (waiter.wokenFor) return 'woken'
    if (this.#closed || ms <= 0 || signal?.aborted) return 'time_up'
    const { promise, resolve } = Promise.withResolvers<Wake>()
    const giveUp = () => resolve('time_up')
    const timer = setTimeout(giveUp, ms)
    signal?.addEventListener('abort', giveUp, { once: true })
    waiter.resolve = resolve
    try {
      return await promise
    } finally {
      waiter.resolve = undefined
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
    }
  }

  #leave(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    if (waiter.wokenFor) this.wake(waiter.wokenFor)
  }
}

export interface WaitingClaim {
  /** Says that a look begins: what comes from now on wakes anew. */
  looking(): void
  /** Resolves when there may be a job, or when `ms` are over, the signal is aborted or the coordinator closes. */
  sleep(ms: number, signal?: AbortSignal): Promise<Wake>
  leave(): void
}

function wakeUp(waiter: Waiter, requirement: Requirement): void {
  waiter.wokenFor = requirement
  waiter.resolve?.('woken')
}
