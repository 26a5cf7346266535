import { type JobRecord, ProblemError, type Requirement } from '@skyclaw/protocol'

type Wake = 'woken' | 'time_up'

/** A job as far as it concerns those who wait: the claims that can take one of a requirement key can take any of it. */
type Due = Pick<JobRecord, 'requirement' | 'requirementKey'>

interface Waiter {
  readonly hostId: string
  readonly accepts: (requirement: Requirement) => boolean
  /** Set while it sleeps. */
  resolve: ((wake: Wake) => void) | undefined
  /** Whether something came that it has not looked for yet. */
  woken: boolean
  /** The jobs that it was woken for, and of which it is not known yet whether it takes them. */
  wokenFor: Due[]
  /** How many of them came before its present look. */
  lookingFor: number
}

/**
 * The claims that wait for a job. A job that comes wakes one of them, the one that has waited longest among those that can run it, not
 * all: a hundred idle hosts do not race for one job. A wake is never lost: a claim that leaves without a job like the one it was woken
 * for, because it found a better one or nobody listens to it any more, hands its wake on.
 */
export class WaitingClaims {
  readonly #waiters = new Set<Waiter>()
  readonly #maxWaiting: number
  #closed = false

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** Joins those who wait, before the first look: what comes during the look wakes it too. Throws `too_busy` when too many wait. */
  enter(hostId: string, accepts: (requirement: Requirement) => boolean): WaitingClaim {
    if (this.#waiters.size >= this.#maxWaiting) {
      throw new ProblemError('too_busy', `${this.#maxWaiting} claims wait already`)
    }
    const waiter: Waiter = { hostId, accepts, resolve: undefined, woken: false, wokenFor: [], lookingFor: 0 }
    this.#waiters.add(waiter)
    return {
      looking: () => {
        waiter.woken = false
        waiter.lookingFor = waiter.wokenFor.length
      },
      sleep: (ms, signal) => this.#sleep(waiter, ms, signal),
      leave: (taken) => this.#leave(waiter, taken),
    }
  }

  /** Tells one of those who can run the job, sleepers first; none of the host that is excepted. */
  wake(due: Due, exceptHostId?: string): void {
    const busy: Waiter[] = []
    for (const waiter of this.#waiters) {
      if (waiter.woken || waiter.hostId === exceptHostId || !waiter.accepts(due.requirement)) continue
      if (waiter.resolve) return wakeUp(waiter, due)
      busy.push(waiter)
    }
    for (const waiter of busy) wakeUp(waiter, due)
  }

  /** Whether one of them can run such a job that nothing has come for yet. */
  wants(requirement: Requirement): boolean {
    for (const { woken, accepts } of this.#waiters) if (!woken && accepts(requirement)) return true
    return false
  }

  /** Lets the claims of a host look again: what it can run may have changed. */
  wakeHost(hostId: string): void {
    for (const waiter of this.#waiters) if (waiter.hostId === hostId) wakeUp(waiter)
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
    if (this.#closed || ms <= 0 || signal?.aborted) return 'time_up'
    // It has looked, and found nothing of what it had been woken for by then.
    const lookedFor = waiter.wokenFor.splice(0, waiter.lookingFor)
    waiter.lookingFor = 0
    // Its host may have been paused meanwhile: then it did not look for all of it.
    for (const due of lookedFor) if (!waiter.accepts(due.requirement)) this.wake(due)
    if (waiter.woken) return 'woken'
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

  #leave(waiter: Waiter, taken: readonly Due[]): void {
    this.#waiters.delete(waiter)
    const took = taken.map(({ requirementKey }) => requirementKey)
    for (const due of waiter.wokenFor) {
      const place = took.indexOf(due.requirementKey)
      if (place === -1) this.wake(due)
      else took.splice(place, 1)
    }
  }
}

export interface WaitingClaim {
  /** Says that a look begins: what comes from now on wakes anew. */
  looking(): void
  /** Says that the look found nothing. Resolves when there may be a job, or when `ms` are over, the signal is aborted or the coordinator closes. */
  sleep(ms: number, signal?: AbortSignal): Promise<Wake>
  /** Ends the wait with these jobs. */
  leave(taken: readonly Due[]): void
}

function wakeUp(waiter: Waiter, due?: Due): void {
  waiter.woken = true
  if (due) waiter.wokenFor.push(due)
  waiter.resolve?.('woken')
}
