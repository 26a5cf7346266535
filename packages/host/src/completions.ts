import {
  type Gathered,
  Gathering,
  ProblemResponseError,
  type SkyclawClient,
  type UnderWay,
  UnexpectedAnswerError,
} from '@skyclaw/client'
import { limits, type Problem } from '@skyclaw/protocol'
import { inTurn, maxDeliveries, type Turns } from './in-turn.ts'
import type { SpooledResult } from './spool.ts'

/** Reports of one request, as JSON, together; a character has at most three bytes, and coordinators take 16 MiB. */
const maxChars = 2 * 1_048_576

/** Requests under way beyond which reports gather, as long as they are not slow. */
const maxRequests = 2

/** A request that is under way for so long does not hold up others any more. */
const slowMs = 100

/** A coordinator that does not know how to take several reports is asked so again after this time. */
const singlyMs = 60_000

/** What a coordinator says of one report of several. */
export class RefusedReport extends Error {
  override readonly name = 'RefusedReport'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail || problem.title)
    this.problem = problem
  }
}

interface Waiting extends Gathered {
  readonly result: SpooledResult
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * Reports results, those together that wait at the same time: one alone goes at once as itself, and what comes while requests are under
 * way leaves with the next one. Each has an answer of its own.
 */
export class Completions {
  readonly #client: SkyclawClient
  readonly #turns: Turns
  readonly #gathering = new Gathering<Waiting>({
    maxItems: limits.completeReports,
    maxChars,
    maxRequests,
    slowMs,
    maxSlowRequests: maxDeliveries,
  })
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined
  #singlyUntil = 0

  constructor({ client, ...turns }: Turns & { readonly client: SkyclawClient }) {
    this.#client = client
    this.#turns = turns
    const { signal } = turns.ending
    signal.addEventListener('abort', () => {
      clearTimeout(this.#timer)
      for (const { reject } of this.#gathering.clear()) reject(signal.reason)
    })
  }

  /** Sends a result once. Rejects with a `RefusedReport` or an error of the client, and when the host ends. */
  async send(result: SpooledResult): Promise<void> {
    this.#turns.ending.signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#gathering.add({ result, chars: JSON.stringify(result.body).length, isOver: false, resolve, reject })
    this.#schedule()
    return promise
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#leave()
    })
  }

  #leave(): void {
    clearTimeout(this.#timer)
    for (;;) {
      const now = performance.now()
      const next = this.#gathering.next(now)
      if (next.kind === 'wait') this.#timer = setTimeout(() => this.#leave(), next.until - now + 1)
      if (next.kind !== 'go') return
      void this.#report(next.items, next.request)
    }
  }

  async #report(items: readonly Waiting[], request: UnderWay): Promise<void> {
    if (items.length === 1 || performance.now() < this.#singlyUntil) await this.#singly(items)
    else await this.#together(items)
    this.#gathering.ended(request)
    this.#schedule()
  }

  async #singly(items: readonly Waiting[]): Promise<void> {
    const { signal } = this.#turns.ending
    await Promise.all(
      items.map(async ({ result: { jobId, body, idempotencyKey }, resolve, reject }) => {
        const call = () => this.#client.call('completeJob', { params: { id: jobId }, body, idempotencyKey, signal })
        await inTurn(this.#turns, call).then(resolve, reject)
      }),
    )
  }

  async #together(items: readonly Waiting[]): Promise<void> {
    const { signal } = this.#turns.ending
    const reports = items.map(({ result }) => ({ ...result.body, id: result.jobId }))
    try {
      const call = () => this.#client.call('completeJobs', { body: { reports }, signal })
      const { results } = await inTurn(this.#turns, call)
      for (const [index, { resolve, reject }] of items.entries()) {
        const { problem, status } = results[index] ?? {}
        if (problem) reject(new RefusedReport(problem))
        else if (status !== undefined) resolve()
        else reject(new Error('the coordinator did not answer for this report'))
      }
    } catch (error) {
      if (isUnknownRoute(error)) this.#singlyUntil = performance.now() + singlyMs
      // What is refused as a whole may be the fault of one of them.
      if (isUnknownRoute(error) || isOfOne(error)) return this.#singly(items)
      for (const { reject } of items) reject(error)
    }
  }
}

/** Older coordinators: the path looks like that of one job to them. */
function isUnknownRoute(error: unknown): boolean {
  if (error instanceof ProblemResponseError) return ['not_found', 'method_not_allowed'].includes(error.code)
  return error instanceof UnexpectedAnswerError && [404, 405].includes(error.status)
}

function isOfOne(error: unknown): boolean {
  if (error instanceof UnexpectedAnswerError) return [400, 413, 500].includes(error.status)
  return error instanceof ProblemResponseError && !error.problem.retryable && error.code !== 'unauthorized'
}
