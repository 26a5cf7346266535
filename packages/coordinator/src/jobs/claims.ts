import { type HostRecord, type JobRecord, ProblemError, type Requirement } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import * as lifecycle from '../core/lifecycle.ts'
import { satisfies } from '../core/matching.ts'
import type { HostRegistry } from '../hosts/registry.ts'
import { leasesOf } from './leases.ts'
import type { Claimed, Ledger } from '../ledger/ledger.ts'
import { type WaitingClaim, WaitingClaims } from './waiting-claims.ts'

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

type Accepts = (requirement: Requirement) => boolean

/** For so long after its time a job that failed at one host is left to the others. */
const preferOtherHostMs = 3_000

/** Hands queued jobs to hosts. */
export class Claims {
  readonly #ledger: Ledger
  readonly #hosts: HostRegistry
  readonly #clock: Clock
  readonly #waiting: WaitingClaims
  readonly #unwatch: () => void
  /** Claims with a key that have not been answered yet. */
  readonly #underway = new Map<string, { readonly bodyHash: string; readonly answer: Promise<JobRecord[]> }>()

  constructor({ ledger, hosts, clock, maxWaitingClaims }: ClaimsOptions) {
    this.#ledger = ledger
    this.#hosts = hosts
    this.#clock = clock
    this.#waiting = new WaitingClaims(maxWaitingClaims)
    this.#unwatch = ledger.watch((value, due) => {
      if (value.kind === 'job' && due) this.#waiting.wake(value)
      if (value.kind === 'host') this.#waiting.wakeHost(value.id)
    })
  }

  /**
   * Leases up to `max` jobs to a host, waiting up to `waitMs` for the first. A claim repeated with its key finds its jobs again, and
   * while the first still waits shares its answer. Throws `idempotency_mismatch` and `too_busy`.
   */
  async claim(host: HostRecord, request: ClaimRequest): Promise<JobRecord[]> {
    const deadline = this.#clock.monotonic() + request.waitMs
    if (!request.claim) return this.#wait(host, request, deadline)
    const { key, bodyHash } = request.claim
    const id = `${host.id} ${key}`
    for (let first = this.#underway.get(id); first; first = this.#underway.get(id)) {
      assertSameBody(first.bodyHash, bodyHash)
      const jobs = await this.#join(host.id, first.answer)
      if (jobs.length > 0) return jobs
    }
    const answer = this.#wait(host, request, deadline).finally(() => void this.#underway.delete(id))
    this.#underway.set(id, { bodyHash, answer })
    return answer
  }

  /** Ends every claim that waits, with no job. */
  close(): void {
    this.#unwatch()
    this.#waiting.close()
  }

  /** Takes a place among those who wait, but no job: the first claim does. What it failed with is its own affair. */
  async #join(hostId: string, answer: Promise<JobRecord[]>): Promise<JobRecord[]> {
    const place = this.#waiting.enter(hostId, () => false)
    try {
      return await answer.catch(() => [])
    } finally {
      place.leave([])
    }
  }

  async #wait(host: HostRecord, request: ClaimRequest, deadline: number): Promise<JobRecord[]> {
    const accepts: Accepts = (requirement) => satisfies(this.#hosts.latest(host), requirement)
    const waiting = this.#waiting.enter(host.id, accepts)
    let taken: JobRecord[] = []
    try {
      taken = await this.#look(host, request, { accepts, deadline, waiting })
      return taken
    } finally {
      waiting.leave(taken)
    }
  }

  async #look(
    host: HostRecord,
    request: ClaimRequest,
    { accepts, deadline, waiting }: { accepts: Accepts; deadline: number; waiting: WaitingClaim },
  ): Promise<JobRecord[]> {
    // Once is enough: while this claim is under way, no other takes jobs under its key.
    const repeated = await this.#repeated(host, request)
    if (repeated.length > 0) return repeated
    for (;;) {
      // A host that fell silent while it waited would lose the job at once: it leaves, and its wake goes to the next one.
      const live = this.#hosts.sessions.isLive(host.id, this.#clock.monotonic())
      if (!live || request.signal?.aborted || this.#waiting.closed) return []
      waiting.looking()
      const { values, tryAgainAt } = await this.#take(host, request, accepts)
      if (values.length > 0) return values
      const leftMs = deadline - this.#clock.monotonic()
      const pauseMs = tryAgainAt === undefined ? leftMs : Math.min(leftMs, Math.max(1, tryAgainAt - this.#clock.now()))
      const wake = await waiting.sleep(pauseMs, request.signal)
      if (wake === 'time_up' && pauseMs >= leftMs) return []
    }
  }

  async #take(host: HostRecord, { max, claim, signal }: ClaimRequest, accepts: Accepts): Promise<Claimed<JobRecord>> {
    const leftToOthers = new Map<string, JobRecord>()
    const withheldUntil = (job: JobRecord): number => {
      // The wall clock may have been set back since the ledger called it due.
      if (!lifecycle.isDue(job, this.#clock.now())) return job.runAt
      if (!this.#leaveToOthers(host, job)) return 0
      leftToOthers.set(job.requirementKey, job)
      return job.runAt + preferOtherHostMs
    }
    const lease = (job: JobRecord | null) =>
      lifecycle.lease(job, { hostId: host.id, now: this.#clock.now(), ...(claim && { claim }) })
    const claimed = await this.#ledger.claim({ accepts, withheldUntil }, lease, max, { signal })
    // Such a job may have been announced to this claim alone; since it may not have it, another must hear of it.
    for (const job of leftToOthers.values()) this.#waiting.wake(job, host.id)
    return claimed
  }

  #leaveToOthers(host: HostRecord, job: JobRecord): boolean {
    const last = job.attemptHistory.at(-1)
    return last?.hostId === host.id && this.#hosts.anotherCanRun(job.requirement, host.id)
  }

  async #repeated(host: HostRecord, { claim }: ClaimRequest): Promise<JobRecord[]> {
    const mine: JobRecord[] = []
    if (!claim) return mine
    for await (const job of leasesOf(this.#ledger, host.id)) if (job.lease?.claim?.key === claim.key) mine.push(job)
    for (const { lease } of mine) assertSameBody(lease?.claim?.bodyHash, claim.bodyHash)
    return mine
  }
}

function assertSameBody(first: string | undefined, now: string): void {
  if (first === now) return
  throw new ProblemError('idempotency_mismatch', 'the idempotency key was used for a claim with another body')
}
