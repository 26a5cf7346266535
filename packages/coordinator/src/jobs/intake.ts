import {
  type BatchItem,
  type BatchResult,
  type EnqueueAnswer,
  isTerminal,
  type JobRecord,
  type NewJob,
  ProblemError,
} from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import * as lifecycle from '../core/lifecycle.ts'
import type { ChangeOutcome, ChangeRequest, Ledger } from '../ledger/ledger.ts'
import { derivedJobKey, jobIdOf, jobKey } from '../ledger/record-key.ts'
import { bodyHash } from './body-hash.ts'
import { derivedJobStem, randomJobId } from './job-id.ts'
import { newJobRecord } from './new-job.ts'
import type { Secrets } from './secrets.ts'

export interface IntakeOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly token: string | undefined
  readonly secrets: Secrets
  /** The answer for a job that was enqueued, or that the key had made before. */
  readonly answer: (job: JobRecord, changed: boolean) => EnqueueAnswer | Promise<EnqueueAnswer>
}

/** An idempotency key with the hash of the body it came with. */
interface KeyedBody {
  readonly operation?: 'retryJob'
  readonly key: string
  readonly bodyHash: string
  readonly index?: number
}

interface Kept {
  readonly sealedEnv: string | undefined
  readonly retryOf?: string
}

/** Makes jobs. */
export class Intake {
  readonly #options: IntakeOptions

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /**
   * Enqueues a job; with an idempotency key, at most once. Throws `invalid_request` for a payload that makes no sense and
   * `idempotency_mismatch` when the key made another job.
   */
  async enqueue(input: NewJob, idempotencyKey?: string): Promise<EnqueueAnswer> {
    const keyed = idempotencyKey === undefined ? undefined : this.#keyed(idempotencyKey, input)
    return this.#ended(await this.#change(this.#sealed(input, keyed)))
  }

  /**
   * Enqueues many jobs, each wholly or not at all; the results stand in the order of the items. Throws `idempotency_mismatch`, and
   * enqueues nothing, when the batch's key came with another batch before.
   */
  async enqueueBatch(items: readonly BatchItem[], batchKey?: string): Promise<BatchResult[]> {
    const { secrets } = this.#options
    const batch =
      batchKey === undefined
        ? undefined
        : { key: batchKey, bodyHash: bodyHash(items.map((item) => secrets.marked(item))) }
    const first = batch && (await this.#firstOfBatch(items, batch))
    const results: (BatchResult | undefined)[] = []
    if (first) results[first.index] = first.result
    const changes: { readonly index: number; readonly change: ChangeRequest<JobRecord> }[] = []
    for (const [index, item] of items.entries()) {
      if (results[index]) continue
      const change = this.#item(item, index, batch)
      if (change instanceof ProblemError) results[index] = { problem: change.problem }
      else changes.push({ index, change })
    }
    const outcomes = await this.#options.ledger.changeMany(changes.map(({ change }) => change))
    const made = await Promise.all(outcomes.map(async (outcome) => this.#result(outcome)))
    for (const [at, { index }] of changes.entries()) results[index] = made[at]
    return results as BatchResult[]
  }

  /**
   * Enqueues a job that has ended once more, as a new one, with its secrets as they were sealed; with an idempotency key, at most once.
   * Throws `invalid_request` for a job that has not ended, and `idempotency_mismatch` when the key repeated another job.
   */
  async retry({ id: retryOf, status, payload, sealedEnv, ...rest }: JobRecord, key?: string): Promise<EnqueueAnswer> {
    if (!isTerminal(status)) {
      const detail = `job ${retryOf} is ${status}: only one that has ended can be retried`
      throw new ProblemError('invalid_request', detail, { field: 'id' })
    }
    const { requirement, priority, maxAttempts, maxLeaseLosses } = rest
    const repeated = { payload, requirement, priority, maxAttempts, maxLeaseLosses }
    const keyed =
      key === undefined ? undefined : ({ operation: 'retryJob', key, bodyHash: bodyHash({ retryOf }) } as const)
    return this.#ended(await this.#change(this.#creation(repeated, { sealedEnv, retryOf }, keyed)))
  }

  /** The first item that takes the batch's key goes before all others: it is known then whether the key is this batch's. */
  async #firstOfBatch(items: readonly BatchItem[], batch: KeyedBody) {
    for (const [index, item] of items.entries()) {
      if (item.idempotencyKey !== undefined) continue
      const change = this.#item(item, index, batch)
      // An item that makes no sense leaves no trace of the key.
      if (change instanceof ProblemError) continue
      const result = await this.#result(await this.#change(change))
      if (result.problem?.code === 'idempotency_mismatch') {
        throw new ProblemError('idempotency_mismatch', 'the idempotency key was used for another batch')
      }
      return { index, result }
    }
    return undefined
  }

  /** What an item of a batch changes, or why it makes no sense. */
  #item({ idempotencyKey, ...input }: BatchItem, index: number, batch?: KeyedBody) {
    const keyed = idempotencyKey === undefined ? batch && { ...batch, index } : this.#keyed(idempotencyKey, input)
    try {
      return this.#sealed(input, keyed)
    } catch (error) {
      if (error instanceof ProblemError) return error
      throw error
    }
  }

  #sealed(input: NewJob, key: KeyedBody | undefined): ChangeRequest<JobRecord> {
    const { payload, sealedEnv } = this.#options.secrets.seal(input.payload)
    return this.#creation({ ...input, payload }, { sealedEnv }, key)
  }

  #creation(input: NewJob, kept: Kept, key: KeyedBody | undefined): ChangeRequest<JobRecord> {
    const { ledger, clock, token } = this.#options
    const now = clock.now()
    const id = key ? '' : randomJobId()
    const record = newJobRecord(input, {
      id,
      now,
      sequence: ledger.nextSequence(now),
      bodyHash: key?.bodyHash,
      ...kept,
    })
    if (!key) return { key: jobKey(id), fresh: true, decide: (current) => lifecycle.enqueue(current, record) }
    return {
      key: derivedJobKey(derivedJobStem({ token, ...key })),
      // Under a key, which id it is depends on the coordinators that agree on the job: the ledger says.
      decide: (current, actual) => lifecycle.enqueue(current, { ...record, id: jobIdOf(actual) }),
    }
  }

  async #change(change: ChangeRequest<JobRecord>): Promise<ChangeOutcome<JobRecord>> {
    const [outcome] = await this.#options.ledger.changeMany([change])
    return outcome!
  }

  #ended(outcome: ChangeOutcome<JobRecord>): EnqueueAnswer | Promise<EnqueueAnswer> {
    if (!outcome.ok) throw outcome.error
    return this.#options.answer(outcome.value!, outcome.changed)
  }

  #result(outcome: ChangeOutcome<JobRecord>): BatchResult | Promise<BatchResult> {
    if (!outcome.ok) return toProblem(outcome.error)
    const answer = this.#ended(outcome)
    // What stands in the place of a duplicate may be out of reach: the other items were made all the same.
    return answer instanceof Promise ? answer.catch(toProblem) : answer
  }

  #keyed(key: string, body: NewJob): KeyedBody {
    return { key, bodyHash: bodyHash(this.#options.secrets.marked(body)) }
  }
}

function toProblem(error: unknown): BatchResult {
  if (error instanceof ProblemError) return { problem: error.problem }
  throw error
}
