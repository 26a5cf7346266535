/**
 * Tells hosts that their next heartbeat has news: a job to cancel, a lease that somebody else ended, a pause. A host keeps one question
 * open, with the mark of the last answer; the mark is all that it is told, and what changed it hears from the heartbeat. Marks are this
 * process's own: one of another process, or of a host that was forgotten here, is never the current one, and is answered at once.
 */
import { type HostRecord, isTerminal, type JobRecord, ProblemError } from '@skyclaw/protocol'
import { wishOf } from '../core/host-state.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** What a host was told, or needed not be told, of the latest attempt of a job that has not ended. */
interface Told {
  readonly attempt: number
  readonly cancelling: boolean
  readonly ended: boolean
}

/** A host that watches. */
interface Watched {
  mark: number
  wish: string
  readonly waiting: Set<() => void>
}

export interface WatchRequest {
  /** The mark of the answer before. */
  readonly seen?: string | undefined
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
}

export class HostChanges {
  readonly #boot: string
  readonly #maxWaiting: number
  readonly #told = new Map<string, Told>()
  readonly #watched = new Map<string, Watched>()
  readonly #unwatch: () => void
  /** Counts all marks, so that none is given twice. */
  #marks = 0
  #waiting = 0
  #closed = false

  /** @param boot names this process, in at most 40 characters */
  constructor(ledger: Ledger, boot: string, maxWaiting: number) {
    this.#boot = boot
    this.#maxWaiting = maxWaiting
    this.#unwatch = ledger.watch((value) => {
      if (value.kind === 'job') this.#noteJob(value)
      if (value.kind === 'host') this.#noteHost(value)
    })
  }

  /**
   * Answers the mark of a host as soon as it is another one than `seen`, or when the time is up, the signal is aborted or the
   * coordinator closes. Throws `too_busy` when too many wait.
   */
  async wait(host: HostRecord, { seen, waitMs, signal }: WatchRequest): Promise<string> {
    const watched = this.#watch(host)
    if (seen !== this.#name(watched) || waitMs <= 0 || this.#closed || signal?.aborted) return this.#name(watched)
    if (this.#waiting >= this.#maxWaiting) throw new ProblemError('too_busy', `${this.#maxWaiting} hosts wait already`)
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = () => resolve()
    const timer = setTimeout(end, waitMs)
    signal?.addEventListener('abort', end, { once: true })
    watched.waiting.add(end)
    this.#waiting += 1
    try {
      await promise
    } finally {
      this.#waiting -= 1
      watched.waiting.delete(end)
      signal?.removeEventListener('abort', end)
      clearTimeout(timer)
    }
    return this.#name(watched)
  }

  /** Drops what is known of hosts that watch no more. */
  forget(unwanted: (hostId: string) => boolean): void {
    for (const [id, { waiting }] of this.#watched) if (waiting.size === 0 && unwanted(id)) this.#watched.delete(id)
  }

  /** Ends every wait. */
  close(): void {
    this.#closed = true
    this.#unwatch()
    for (const { waiting } of this.#watched.values()) for (const end of waiting) end()
  }

  #watch(host: HostRecord): Watched {
    const known = this.#watched.get(host.id)
    if (known) return known
    const watched = { mark: (this.#marks += 1), wish: wishOf(host), waiting: new Set<() => void>() }
    this.#watched.set(host.id, watched)
    return watched
  }

  #name({ mark }: Watched): string {
    return `${this.#boot}.${mark}`
  }

  #change(hostId: string): void {
    const watched = this.#watched.get(hostId)
    if (!watched) return
    watched.mark = this.#marks += 1
    for (const end of watched.waiting) end()
  }

  #noteHost(host: HostRecord): void {
    const watched = this.#watched.get(host.id)
    if (!watched || watched.wish === wishOf(host)) return
    watched.wish = wishOf(host)
    this.#change(host.id)
  }

  #noteJob(job: JobRecord): void {
    const { id, lease, attempts, attemptHistory } = job
    const told = this.#told.get(id)
    // Of a job that is new here, the last attempt that has ended may be news.
    const first = told ? told.attempt + (told.ended ? 1 : 0) : attempts - (lease ? 1 : 0)
    for (const entry of attemptHistory.slice(Math.max(0, first - 1))) {
      if (entry.outcome === 'lease_lost') this.#change(entry.hostId)
    }
    const cancelling = job.cancelRequestedAt !== undefined
    const toldSo = told?.attempt === attempts && told.cancelling
    if (lease && cancelling && !toldSo) this.#change(lease.hostId)
    if (isTerminal(job.status) || attempts === 0) this.#told.delete(id)
    else this.#told.set(id, { attempt: attempts, cancelling, ended: lease === undefined })
  }
}
