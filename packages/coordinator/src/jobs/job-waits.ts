import { isTerminal, type JobRecord, ProblemError } from '@skyclaw/protocol'
import type { Ledger } from '../ledger/ledger.ts'

/** Callers that wait for a job to end. */
export class JobWaits {
  readonly #waits = new Map<string, Set<() => void>>()
  readonly #unwatch: () => void
  readonly #maxWaiting: number
  #waiting = 0
  #closed = false

  constructor(ledger: Ledger, maxWaiting: number) {
    this.#maxWaiting = maxWaiting
    this.#unwatch = ledger.watch((value) => {
      if (value.kind === 'job' && (isTerminal(value.status) || value.duplicateOf)) this.#end(value.id)
    })
  }

  /**
   * Answers the job when it has ended, or as it is when the time is up, the signal is aborted or the coordinator closes.
   * Throws `too_busy` when too many wait.
   *
   * @param read reads the job, by way of `duplicateOf`
   */
  async wait(read: () => Promise<JobRecord>, waitMs: number, signal?: AbortSignal): Promise<JobRecord> {
    const job = await read()
    if (isTerminal(job.status) || this.#closed || waitMs <= 0) return job
    if (this.#waiting >= this.#maxWaiting) {
      throw new ProblemError('too_busy', `${this.#maxWaiting} callers wait for jobs already`)
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, waitMs)
    signal?.addEventListener('abort', () => resolve(), { once: true })
    this.#add(job.id, resolve)
    try {
      // It may have ended between the first read and now.
      if (!isTerminal((await read()).status) && !signal?.aborted && !this.#closed) await promise
      return await read()
    } finally {
      clearTimeout(timer)
      this.#remove(job.id, resolve)
    }
  }

  close(): void {
    this.#closed = true
    this.#unwatch()
    for (const id of this.#waits.keys()) this.#end(id)
  }

  #add(id: string, resolve: () => void): void {
    const waits = this.#waits.get(id) ?? new Set()
    this.#waits.set(id, waits.add(resolve))
    this.#waiting += 1
  }

  #remove(id: string, resolve: () => void): void {
    const waits = this.#waits.get(id)
    waits?.delete(resolve)
    this.#waiting -= 1
    if (waits?.size === 0) this.#waits.delete(id)
  }

  #end(id: string): void {
    for (const resolve of this.#waits.get(id) ?? []) resolve()
  }
}
