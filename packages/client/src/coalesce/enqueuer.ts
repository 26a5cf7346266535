import type { EnqueueAnswer, NewJob } from '@skyclaw/protocol'
import { performCall } from '../call.ts'
import type { CallContext } from '../call-context.ts'
import type { CallOptions } from '../operation.ts'
import { checkIdempotencyKey, type CoalesceOptions, positive } from '../options.ts'
import { newIdempotencyKey } from '../prepare.ts'
import { Caller } from './caller.ts'
import { Deadlines } from './deadlines.ts'
import { Gathering } from './gathering.ts'
import { sendTogether } from './send-together.ts'

/** Of one request; a character has at most three bytes, and coordinators take 16 MiB. */
const maxChars = 1_048_576

/** A larger job gains nothing by company. */
const soloChars = 65_536

/** A request that is under way for so long does not hold up others any more. */
const slowMs = 100

const maxSlowRequests = 64

/** Callers whose times are the same share requests. */
interface Group {
  readonly gathering: Gathering<Caller>
  readonly deadlines: Deadlines<Caller>
  readonly attemptTimeoutMs: number
  isScheduled: boolean
  timer: NodeJS.Timeout | undefined
}

/** Enqueues jobs of concurrent callers together. */
export class Enqueuer {
  readonly #context: CallContext
  readonly #coalesce: CoalesceOptions
  readonly #used: () => void
  readonly #groups = new Map<string, Group>()

  /** @param used called when a coordinator answered */
  constructor(context: CallContext, coalesce: CoalesceOptions, used: () => void) {
    this.#context = context
    this.#coalesce = coalesce
    this.#used = used
    context.closing.addEventListener('abort', () => this.#close(context.closing.reason))
  }

  /** Resolves and rejects as a call of its own would. */
  async enqueue(job: NewJob, options: CallOptions): Promise<EnqueueAnswer> {
    const { options: defaults, closing } = this.#context
    const key = options.idempotencyKey === undefined ? newIdempotencyKey() : checkIdempotencyKey(options.idempotencyKey)
    const timeoutMs = positive('timeoutMs', options.timeoutMs ?? defaults.timeoutMs)
    const attemptTimeoutMs = positive('attemptTimeoutMs', options.attemptTimeoutMs ?? defaults.attemptTimeoutMs)
    const { signal } = options
    closing.throwIfAborted()
    signal?.throwIfAborted()
    const text = JSON.stringify(job)
    if (text.length > soloChars) return this.#alone(job, { ...options, idempotencyKey: key })
    const group = this.#group(timeoutMs, attemptTimeoutMs)
    const caller = new Caller(text, { key, timeoutMs, signal }, (over) => group.deadlines.delete(over))
    group.deadlines.add(caller)
    group.gathering.add(caller)
    this.#schedule(group)
    const answer = await caller.answer
    this.#used()
    return answer
  }

  async #alone(job: NewJob, options: CallOptions): Promise<EnqueueAnswer> {
    const answer = await performCall(this.#context, 'enqueueJob', { ...options, body: job })
    this.#used()
    return answer as EnqueueAnswer
  }

  #group(timeoutMs: number, attemptTimeoutMs: number): Group {
    const name = `${timeoutMs} ${attemptTimeoutMs}`
    let group = this.#groups.get(name)
    if (!group) {
      const { maxJobs, maxRequests } = this.#coalesce
      const gathering = new Gathering<Caller>({ maxItems: maxJobs, maxRequests, maxChars, slowMs, maxSlowRequests })
      const deadlines = new Deadlines<Caller>()
      group = { gathering, deadlines, attemptTimeoutMs, isScheduled: false, timer: undefined }
      this.#groups.set(name, group)
    }
    return group
  }

  /** Looks once this turn is over what is to leave, so that calls of one turn leave together. */
  #schedule(group: Group): void {
    if (group.isScheduled) return
    group.isScheduled = true
    setImmediate(() => {
      group.isScheduled = false
      this.#leave(group)
    })
  }

  #leave(group: Group): void {
    clearTimeout(group.timer)
    for (;;) {
      const now = performance.now()
      const next = group.gathering.next(now)
      if (next.kind === 'wait') group.timer = setTimeout(() => this.#leave(group), next.until - now + 1)
      if (next.kind !== 'go') break
      void sendTogether(this.#context, next.items, group.attemptTimeoutMs).then(() => {
        group.gathering.ended(next.request)
        this.#schedule(group)
      })
    }
    if (!group.gathering.isIdle) return
    group.deadlines.close()
    for (const [name, other] of this.#groups) if (other === group) this.#groups.delete(name)
  }

  /** What is under way ends by itself. */
  #close(reason: unknown): void {
    for (const { gathering, timer } of this.#groups.values()) {
      clearTimeout(timer)
      for (const caller of gathering.clear()) caller.fail(reason)
    }
  }
}
