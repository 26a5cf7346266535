import { type HostRecord, type JobRecord, ProblemError, type Requirement } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import * as lifecycle from '../core/lifecycle.ts'
import { satisfies } from '../core/matching.ts'
import type { HostRegistry } from '../hosts/registry.ts'
import type { Claimed, Ledger } from '../ledger/ledger.ts'
import { WaitingClaims } from './waiting-claims.ts'

export interface ClaimRequest {
  readonly max: number
  readonly waitMs: number
  /** Hashes of the claim's idempotency key and of its body. */
  readonly claim?: { readonly key: string; readonly bodyHash: string } | undefined
  /** Aborted when nobody listens to the answer any more. */
  readonly signal?: AbortSignal | undefined
}

export interface ClaimsOptions {
  readonly ledger: Ledger
  readonly hosts: HostRegistry
  readonly clock: Clock
  readonly maxWaitingClaims: number
}

/** For so long after its time a job that failed at one host is left to the others. */
const preferOtherHostMs = 3_000

/** Hands queued jobs to hosts. */
export class Claims {
  readonly #ledger: Ledger
  readonly #hosts: HostRegistry
  readonly #clock: Clock
  readonly #waiting: WaitingClaims
  readonly #unwatch: () => void

  constructor({ ledger, hosts, clock, maxWaitingClaims }: ClaimsOptions) {
    this.#ledger = ledger
    this.#hosts = hosts
    this.#clock = clock
    this.#waiting = new WaitingClaims(maxWaitingClaims)
    this.#unwatch = ledger.watch((value) => {
      if (value.kind === 'job' && value.status === 'queued' && value.runAt <= clock.now())
        this.#waiting.wake(value.requirement)
    })
  }

  /**
   * Leases up to `max` jobs to a host, waiting up to `waitMs` for the first. A claim repeated with its key finds its jobs again.
   * Throws `idempotency_mismatch` and `too_busy`.
   */
  async claim(host: HostRecord, request: ClaimRequest): Promise<JobRecord[]> {
    const accepts = (requirement: Requirement) => satisfies(host, requirement)
    const deadline = this.#clock.monotonic() + request.waitMs
    const waiting = this.#waiting.enter(accepts)
    try {
      for (;;) {
        // A host that fell silent while it waited would lose the job at once: it leaves, and its wake goes to the next one.
        if (!this.#hosts.sessions.isLive(host.id, this.#clock.monotonic())) return []
        waiting.looking()
        const repeated = await this.#repeated(host, request)
        if (repeated.length > 0) return repeated
        const { values, tryAgainAt } = await this.#take(host, request, accepts)
        if (values.length > 0 || request.signal?.aborted) return values
        const leftMs = deadline - this.#clock.monotonic()
        const pauseMs =
          tryAgainAt === undefined ? leftMs : Math.min(leftMs, Math.max(1, tryAgainAt - this.#clock.now()))
        const wake = await waiting.sleep(pauseMs, request.signal)
        if (wake === 'time_up' && (pauseMs >= leftMs || request.signal?.aborted || this.#waiting.closed)) return []
      }
    } finally {
      waiting.leave()
    }
  }

  /** Ends every claim that waits, with no job. */
  close(): void {
    this.#unwatch()
    this.#waiting.close()
  }

  async #take(
    host: HostRecord,
    { max, claim, signal }: ClaimRequest,
    accepts: (requirement: Requirement) => boolean,
  ): Promise<Claimed<JobRecord>> {
    const withheld = new Map<string, Requirement>()
    const withheldUntil = (job: JobRecord): number => {
      if (!this.#leaveToOthers(host, job)) return 0
      withheld.set(job.requirementKey, job.requirement)
      return job.runAt + preferOtherHostMs
    }
    const now = this.#clock.now()
    const lease = (job: JobRecord | null) => lifecycle.lease(job, { hostId: host.id, now, ...(claim && { claim }) })
    const claimed = await this.#ledger.claim({ accepts, withheldUntil }, lease, max, { signal })
    // The job was announced to this claim alone; since it may not have it, the others must hear of it.
    if (claimed.tryAgainAt !== undefined)
      for (const requirement of withheld.values()) this.#waiting.wakeAll(requirement, accepts)
    return claimed
  }

  #leaveToOthers(host: HostRecord, job: JobRecord): boolean {
    const last = job.attemptHistory.at(-1)
    return last?.hostId === host.id && this.#hosts.anotherCanRun(job.requirement, host.id)
  }

  async #repeated(host: HostRecord, { claim }: ClaimRequest): Promise<JobRecord[]> {
    if (!claim) return []
    const { values } = await this.#ledger.list({ kind: 'job', status: 'leased', hostId: host.id }, { limit: 1_000 })
    const mine = values.filter((value) => value.kind === 'job').filter(({ lease }) => lease?.claim?.key === claim.key)
    if (mine.some(({ lease }) => lease?.claim?.bodyHash !== claim.bodyHash)) {
      throw new ProblemError('idempotency_mismatch', 'the idempotency key was used for a claim with another body')
    }
    return mine
  }
}
