import { type HostRecord, type JobRecord, type LeaseRecord, ProblemError, type Requirement } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import * as lifecycle from '../core/lifecycle.ts'
import type { HostRegistry } from '../hosts/registry.ts'
import type { Claimed, Ledger } from '../ledger/ledger.ts'
import { claimTag, jobKey } from '../ledger/record-key.ts'
import { type WaitingClaim, WaitingClaims } from './waiting-claims.ts'

export interface ClaimRequest {
  readonly max: number
  readonly waitMs: number
  /** Hashes of the claim's idempotency key and of its body. */
  readonly claim?: { readonly key: string; readonly bodyHash: string } | undefined
  /** The caller tried before, maybe at another coordinator: that one may have leased jobs under the key that are not known here. */
  readonly retried?: boolean | undefined
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
    const unwatchDue = ledger.watchDue(
      (job) => this.#waiting.wake(job),
      (requirement) => this.#waiting.wants(requirement),
    )
    const unwatch = ledger.watch((value) => {
      if (value.kind === 'job' && value.lease) this.#meetRepeat(value.lease)
      if (value.kind === 'host') this.#waiting.wakeHost(value.id)
    })
    this.#unwatch = () => {
      unwatchDue()
      unwatch()
    }
  }

  /**
   * Leases up to `max` jobs to a host, waiting up to `waitMs` for the first; a host that is paused or drains gets none, at once. A claim
   * repeated with its key finds its jobs again, and while the first still waits shares its answer. Throws `idempotency_mismatch` and `too_busy`.
   */
  async claim(host: HostRecord, request: ClaimRequest): Promise<JobRecord[]> {
    const deadline = this.#clock.monotonic() + request.waitMs
    if (!request.claim) return this.#wait(host, request, deadline)
    const { key, bodyHash } = request.claim
    const id = claimId(host.id, key)
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

  /** A claim that waits elsewhere under the same key, though its caller came here since, has taken a job: it is this claim's too. */
  #meetRepeat({ hostId, claim }: LeaseRecord): void {
    if (claim && this.#underway.has(claimId(hostId, claim.key))) this.#waiting.wakeHost(hostId)
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
    const accepts: Accepts = (requirement) => this.#hosts.takes(host, requirement)
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
    for (let looks = 0; ; looks += 1) {
      // A host that fell silent while it waited would lose the job at once: it leaves, and its wake goes to the next one.
      const live = this.#hosts.sessions.isLive(host.id, this.#clock.monotonic())
      if (!live || request.signal?.aborted || this.#waiting.closed) return []
      waiting.looking()
      const repeated = await this.#repeated(host, request, looks === 0)
      if (repeated.length > 0) return repeated
      // It is to ask for what is wanted of it, which an answer before its time tells it to do.
      if (!this.#hosts.takesJobs(host)) return []
      const { values, tryAgainAt } = await this.#take(host, request, accepts)
      if (values.length > 0) return this.#settle(host, request, values)
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

  /**
   * The jobs that the host has under the claim's key already. At the first look of a claim that was tried before, the other
   * coordinators are asked too; what one of them leases under the key later is learned like everything else.
   */
  async #repeated(host: HostRecord, { claim, max, retried }: ClaimRequest, first: boolean): Promise<JobRecord[]> {
    if (!claim) return []
    let mine = await this.#under(claim.key, host.id)
    if (mine.length < max && retried && first) mine = await this.#under(claim.key, host.id, true)
    for (const { lease } of mine) assertSameBody(lease?.claim?.bodyHash, claim.bodyHash)
    return this.#keepFirst(mine, max)
  }

  /**
   * When a caller leaves a coordinator that still races for it, and comes to another one, both may take jobs under the claim's key. What
   * this one took stands for a caller that is here and was elsewhere before, and gives way when the caller has gone.
   */
  async #settle(
    host: HostRecord,
    { claim, max, retried, signal }: ClaimRequest,
    taken: JobRecord[],
  ): Promise<JobRecord[]> {
    const gone = signal?.aborted ?? false
    if (!claim || (!gone && !retried)) return taken
    const own = new Set(taken.map(({ id }) => id))
    // What was taken has to reach its host, whether the others can be found or not.
    const all = await this.#under(claim.key, host.id, gone).catch(unlessProblem(taken))
    const others = all.filter(({ id }) => !own.has(id))
    return this.#keepFirst(gone ? [...others, ...taken] : [...taken, ...others], max)
  }

  /** The jobs that a host has under a claim's key, in the order in which they were enqueued. */
  async #under(key: string, hostId: string, thorough = false): Promise<JobRecord[]> {
    const jobs = await this.#ledger.find(claimTag(key), { thorough })
    const mine = jobs.filter(({ lease }) => lease?.hostId === hostId)
    return mine.toSorted((a, b) => a.sequence - b.sequence || (a.id < b.id ? -1 : 1))
  }

  /** Gives back what is more than a claim may have: nobody runs it. */
  async #keepFirst(jobs: JobRecord[], max: number): Promise<JobRecord[]> {
    await Promise.all(jobs.slice(max).map((job) => this.#giveBack(job)))
    return jobs.slice(0, max)
  }

  /** A lease that cannot be given back now is taken from the host in time, since it does not name it. */
  async #giveBack({ id, lease }: JobRecord): Promise<void> {
    const { hostId, attempt } = lease!
    const release = (job: JobRecord | null) => lifecycle.release(job, { hostId, attempt, now: this.#clock.now() })
    await this.#ledger.change(jobKey(id), release).catch(unlessProblem(undefined))
  }
}

function claimId(hostId: string, key: string): string {
  return `${hostId} ${key}`
}

/** What stands in for a result that could not be had now. */
function unlessProblem<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof ProblemError) return instead
    throw error
  }
}

function assertSameBody(first: string | undefined, now: string): void {
  if (first === now) return
  throw new ProblemError('idempotency_mismatch', 'the idempotency key was used for a claim with another body')
}
