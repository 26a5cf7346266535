import {
  type BatchItem,
  type BatchResult,
  type BodyOf,
  type EnqueueAnswer,
  type Job,
  type JobRecord,
  type JobStatus,
  type NewJob,
  ProblemError,
  type Routes,
} from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import { fitOpenclaw } from '../core/fit-openclaw.ts'
import * as lifecycle from '../core/lifecycle.ts'
import type { HostRegistry } from '../hosts/registry.ts'
import type { Log } from '../log.ts'
import type { ChangeOutcome, Decide, Ledger, PageRequest } from '../ledger/ledger.ts'
import { jobKey } from '../ledger/record-key.ts'
import { Intake } from './intake.ts'
import { toJob } from './job-view.ts'
import type { Secrets } from './secrets.ts'
import { keepSuperseded, readSuperseded } from './superseded.ts'

export interface JobQueueOptions {
  readonly ledger: Ledger
  readonly hosts: HostRegistry
  readonly clock: Clock
  readonly random: () => number
  readonly token: string | undefined
  readonly secrets: Secrets
  readonly log: Log
}

export interface JobFilter extends PageRequest {
  readonly status?: JobStatus | undefined
  readonly hostId?: string | undefined
}

type CompleteReport = BodyOf<Routes['completeJob']>

/** Steps from a duplicate to the job that stands; more than a few would be a circle. */
const maxDuplicateSteps = 8

/** Everything that a caller can do with jobs, hosts aside. */
export class JobQueue {
  readonly #ledger: Ledger
  readonly #hosts: HostRegistry
  readonly #clock: Clock
  readonly #random: () => number
  readonly #intake: Intake
  readonly #log: Log

  constructor(options: JobQueueOptions) {
    this.#ledger = options.ledger
    this.#hosts = options.hosts
    this.#clock = options.clock
    this.#random = options.random
    this.#intake = new Intake({ ...options, answer: (record, changed) => this.#enqueued(record, changed) })
    this.#log = options.log
  }

  /** Makes a job: see Intake.enqueue. */
  async enqueue(input: NewJob, idempotencyKey?: string): Promise<EnqueueAnswer> {
    return this.#intake.enqueue(input, idempotencyKey)
  }

  /** Makes many: see Intake.enqueueBatch. */
  async enqueueBatch(items: readonly BatchItem[], batchKey?: string): Promise<BatchResult[]> {
    return this.#intake.enqueueBatch(items, batchKey)
  }

  /** Makes a job of one that has ended: see Intake.retry. Throws `not_found`, too. */
  async retry(id: string, key?: string): Promise<EnqueueAnswer> {
    return this.#intake.retry(await this.record(id), key)
  }

  /**
   * The job of an id that was acknowledged, by way of `duplicateOf`. Throws `not_found`, and `quorum_unreachable` when too few
   * coordinators answer to know that.
   */
  async get(id: string): Promise<Job> {
    return this.view(await this.record(id))
  }

  async record(id: string): Promise<JobRecord> {
    const record = await this.#ledger.read(jobKey(id))
    if (!record) throw noSuchJob(id)
    return this.#follow(record)
  }

  async list({ status, hostId, ...page }: JobFilter): Promise<{ jobs: Job[]; nextCursor?: string }> {
    const { values, nextCursor } = await this.#ledger.list({ kind: 'job', status, hostId }, page)
    const jobs = values.filter((value) => value.kind === 'job').map((record) => toJob(record, this))
    return { jobs, ...(nextCursor !== undefined && { nextCursor }) }
  }

  /**
   * Records what a host reports of an attempt. Throws `lease_lost` when the attempt is not the latest; the report is kept beside the
   * job. Throws `not_found` only when the job is known not to exist, else `quorum_unreachable`: then the host is to report again.
   */
  async complete(id: string, report: CompleteReport): Promise<Job> {
    const [outcome] = await this.completeMany([{ id, ...report }])
    if (!outcome!.ok) throw outcome!.error
    return this.view(outcome!.value!)
  }

  /** Records many reports, each by itself; the outcomes stand in their order, with the errors that `complete` throws. */
  async completeMany(
    reports: readonly (CompleteReport & { readonly id: string })[],
  ): Promise<ChangeOutcome<JobRecord>[]> {
    const now = this.#clock.now()
    const inputs = reports.map(({ id, openclaw, ...report }) => {
      const fitting = openclaw && { openclaw: fitOpenclaw(openclaw) }
      return { id, input: { ...report, ...fitting, now, random: this.#random() } }
    })
    const outcomes = await this.#ledger.changeMany<JobRecord>(
      inputs.map(({ id, input }) => ({ key: jobKey(id), decide: (current) => lifecycle.complete(current, input) })),
    )
    // Nearly always there is nothing to wait for.
    if (outcomes.every((outcome) => outcome.ok && outcome.value)) return outcomes
    return Promise.all(
      outcomes.map(async (outcome, index) => {
        const { id, input } = inputs[index]!
        if (outcome.ok) return outcome.value ? outcome : { ok: false, error: noSuchJob(id) }
        if (!(outcome.error instanceof ProblemError) || outcome.error.code !== 'lease_lost') return outcome
        const failure = await keepSuperseded(this.#ledger, id, input).catch((error: Error) => error)
        return failure ? { ok: false, error: failure } : outcome
      }),
    )
  }

  /**
   * Takes a job back from a host that drains, or, `lost`, that does not know what became of the attempt. Throws `lease_lost` when the
   * host does not hold that attempt.
   */
  async release(id: string, { lost, reason, ...lease }: BodyOf<Routes['releaseJob']>): Promise<Job> {
    const now = this.#clock.now()
    if (!lost) return this.#changed(id, (current) => lifecycle.release(current, { ...lease, now }))
    const told = reason ?? `host ${lease.hostId} lost the attempt`
    const input = { ...lease, reason: told, now, random: this.#random() }
    return this.#changed(id, (current) => lifecycle.giveUp(current, input))
  }

  /** Cancels a queued job, or asks the host of a running one to end it. Throws `job_terminal` for one that has ended otherwise. */
  async cancel(id: string, reason?: string): Promise<Job> {
    const decide: Decide<JobRecord> = (current) => lifecycle.cancel(current, { reason, now: this.#clock.now() })
    let job = await this.record(id)
    for (let steps = 0; steps < maxDuplicateSteps; steps += 1) {
      const { value } = await this.#change(job.id, decide)
      job = await this.#follow(value)
      // One that has given way meanwhile is cancelled, and the job that stands is not.
      if (job.id === value.id) break
    }
    return this.view(job)
  }

  /** Takes a lease from a host. Answers whether it did. */
  async lose(job: JobRecord, reason: string, stillLost: () => boolean): Promise<boolean> {
    const lease = job.lease
    if (!lease) return false
    const input = {
      hostId: lease.hostId,
      attempt: lease.attempt,
      reason,
      now: this.#clock.now(),
      random: this.#random(),
    }
    const { value, changed } = await this.#change(job.id, (current) => {
      if (!stillLost() || current?.lease?.hostId !== lease.hostId || current.lease.attempt !== lease.attempt) {
        return { kind: 'keep' }
      }
      return lifecycle.lose(current, input)
    })
    const fields = { jobId: job.id, hostId: lease.hostId, attempt: lease.attempt, status: value.status }
    if (changed) this.#log.warn(fields, `lease lost: ${reason}`)
    return changed
  }

  /** A job as the API shows it, with the reports of attempts that had lost their lease. */
  async view(record: JobRecord): Promise<Job> {
    const mayHaveMore = record.attemptHistory.some(({ outcome }) => outcome === 'lease_lost')
    return toJob(record, this, mayHaveMore ? await readSuperseded(this.#ledger, record) : [])
  }

  leaseExpiresAt(hostId: string): number {
    return this.#clock.now() + this.#hosts.sessions.remainingMs(hostId, this.#clock.monotonic())
  }

  /** Nearly always there is nothing to wait for. */
  #enqueued(record: JobRecord, changed: boolean): EnqueueAnswer | Promise<EnqueueAnswer> {
    const { durability } = this.#ledger
    const answer = (job: Job) => ({ job, ...(!changed && { deduplicated: true }), durability })
    if (record.duplicateOf === undefined && record.attempts === 0) return answer(toJob(record, this))
    return this.#follow(record).then(async (standing) => answer(await this.view(standing)))
  }

  async #changed(id: string, decide: Decide<JobRecord>): Promise<Job> {
    const { value } = await this.#change(id, decide)
    return this.view(value)
  }

  async #change(id: string, decide: Decide<JobRecord>): Promise<{ value: JobRecord; changed: boolean }> {
    const { value, changed } = await this.#ledger.change(jobKey(id), decide)
    if (!value) throw noSuchJob(id)
    return { value, changed }
  }

  async #follow(record: JobRecord): Promise<JobRecord> {
    let standing = record
    for (let steps = 0; standing.duplicateOf !== undefined && steps < maxDuplicateSteps; steps += 1) {
      const next = await this.#ledger.read(jobKey(standing.duplicateOf))
      if (!next) break
      standing = next
    }
    return standing
  }
}

function noSuchJob(id: string): ProblemError {
  return new ProblemError('not_found', `there is no job ${id}`)
}
