import type { Problem, ProblemCode } from '@skyclaw/protocol'

/** One attempt of a call that brought no answer to keep. */
export interface FailedAttempt {
  url: string
  /** What went wrong, as a sentence. Never holds the token. */
  message: string
}

/** Base of every error this package throws. */
export class SkyclawError extends Error {
  override name = 'SkyclawError'
  /**
   * True when a write may have happened although its call failed: some attempt may have arrived, or an answer said so. Sent again
   * with the same key, it happens once.
   */
  readonly outcomeUnknown: boolean

  constructor(message: string, options: ErrorOptions & { outcomeUnknown?: boolean } = {}) {
    super(message, options)
    this.outcomeUnknown = options.outcomeUnknown ?? false
  }
}

/** An option or an argument that cannot be used. `option` names it. */
export class OptionError extends SkyclawError {
  override name = 'OptionError'
  readonly option: string

  constructor(option: string, detail: string) {
    super(`${option} ${detail}`)
    this.option = option
  }
}

/** A coordinator answered with a problem document. The message is its detail. */
export class ProblemResponseError extends SkyclawError {
  override name = 'ProblemResponseError'
  readonly problem: Problem
  /** The URL of the coordinator that answered. */
  readonly url: string

  constructor(problem: Problem, url: string, outcomeUnknown: boolean) {
    super(problem.detail || problem.title, { outcomeUnknown })
    this.problem = problem
    this.url = url
  }

  get status(): number {
    return this.problem.status
  }

  get code(): ProblemCode {
    return this.problem.code
  }

  get field(): string | undefined {
    return this.problem.field
  }
}

/** Something answered that does not speak the protocol: a proxy's page, another service. `status` is its HTTP status. */
export class UnexpectedAnswerError extends SkyclawError {
  override name = 'UnexpectedAnswerError'
  readonly url: string
  readonly status: number

  constructor(url: string, status: number, message: string, outcomeUnknown: boolean) {
    super(`${url}: ${message}`, { outcomeUnknown })
    this.url = url
    this.status = status
  }
}

/** No coordinator gave an answer within the time of the call. `attempts` holds the last error of each URL. */
export class UnreachableError extends SkyclawError {
  override name = 'UnreachableError'
  readonly attempts: readonly FailedAttempt[]

  constructor(attempts: readonly FailedAttempt[], elapsedMs: number, outcomeUnknown: boolean) {
    const list = attempts.map((attempt) => `${attempt.url}: ${attempt.message}`).join('; ')
    const unknown = outcomeUnknown ? ' (the request may have been carried out)' : ''
    super(`no coordinator gave an answer in ${elapsedMs} ms${unknown}: ${list || 'none was asked'}`, { outcomeUnknown })
    this.attempts = attempts
  }
}

/** A wait for a job ended by its own `timeoutMs`; the job goes on. `cause` is the error of an outage that it ended in. */
export class WaitTimeoutError extends SkyclawError {
  override name = 'WaitTimeoutError'
  readonly jobId: string

  /** `status`: what the job was when it was last seen, if ever. */
  constructor(jobId: string, timeoutMs: number, status: string | undefined, outage?: Error) {
    const seen = status === undefined ? '' : `it ${outage ? 'was' : 'is'} ${status}`
    const silent = outage ? `no coordinator answers (${outage.message})` : ''
    const state = [seen, silent].filter((part) => part !== '').join('; ')
    super(`job ${jobId} has not been seen to end within ${timeoutMs} ms: ${state}`, outage && { cause: outage })
    this.jobId = jobId
  }
}
