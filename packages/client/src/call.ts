import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  buildPath,
  idempotencyHeader,
  type OperationId,
  type Problem,
  retryHeader,
  routes,
  type RouteDefinition,
  tokenHeader,
} from '@skyclaw/protocol'
import { type Answer, readAnswer } from './answer.ts'
import { attempt } from './attempt.ts'
import { type FailedAttempt, OptionError, ProblemResponseError, SkyclawError } from './errors.ts'
import { UnexpectedAnswerError, UnreachableError } from './errors.ts'
import { answered, type CallProgress, decide, type Failover, failed, startCall } from './failover/failover.ts'
import { retryAfterMs } from './retry-after.ts'
import { checkIdempotencyKey, positive, type ResolvedOptions } from './options.ts'
import type { TransportRequest } from './transport.ts'

/** A call as it comes from the typed surface. */
export interface CallInput {
  params?: Record<string, string>
  query?: Record<string, unknown>
  body?: unknown
  idempotencyKey?: string
  signal?: AbortSignal
  timeoutMs?: number
  attemptTimeoutMs?: number
}

export interface CallContext {
  options: ResolvedOptions
  failover: Failover
  /** Aborted when the client is closed. */
  closing: AbortSignal
}

/** A heartbeat says what is so now: repeating an old one would be wrong, so it carries no key. */
const withoutKey: ReadonlySet<OperationId> = new Set(['heartbeat'])

interface Prepared {
  route: RouteDefinition
  /** Whether the call changes anything. */
  writes: boolean
  request: Omit<TransportRequest, 'signal' | 'url'>
  path: string
  timeoutMs: number
  attemptTimeoutMs: number
}

interface Course extends Prepared {
  progress: CallProgress
  signal: AbortSignal
  failures: Map<string, FailedAttempt>
  startedAt: number
  lastProblem: { problem: Problem; url: string } | undefined
  lastForeign: { message: string; url: string; status: number } | undefined
  outcomeUnknown: boolean
}

/** One call: asks coordinator after coordinator, with one idempotency key, until one gives an answer to keep. */
export async function performCall(context: CallContext, operation: OperationId, input: CallInput): Promise<unknown> {
  const prepared = prepare(context.options, operation, input)
  const startedAt = performance.now()
  const course: Course = {
    ...prepared,
    progress: startCall(startedAt + prepared.timeoutMs),
    signal: input.signal ? AbortSignal.any([context.closing, input.signal]) : context.closing,
    startedAt,
    failures: new Map(),
    lastProblem: undefined,
    lastForeign: undefined,
    outcomeUnknown: false,
  }
  for (;;) {
    throwIfAborted(course.signal)
    const decision = decide(context.failover, course.progress, performance.now(), Math.random())
    if (decision.kind === 'give-up') throw givingUp(course)
    if (decision.kind === 'wait') {
      const waitMs = Math.max(1, decision.until - performance.now())
      await sleep(waitMs, undefined, { signal: course.signal }).catch(() => throwIfAborted(course.signal))
      continue
    }
    const answer = await askOne(context, course, decision.url)
    if (answer) return answer.value
  }
}

function prepare(options: ResolvedOptions, operation: OperationId, input: CallInput): Prepared {
  const route: RouteDefinition | undefined = routes[operation]
  if (!route) throw new OptionError('operationId', `is not in the route table: ${operation}`)
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' }
  if (route.auth && options.token !== undefined) headers[tokenHeader] = options.token
  if (route.idempotency !== 'none' && !withoutKey.has(operation)) {
    headers[idempotencyHeader] = checkIdempotencyKey(input.idempotencyKey ?? randomUUID())
  }
  const body = route.body ? JSON.stringify(input.body ?? {}) : undefined
  if (body !== undefined) headers['content-type'] = 'application/json'
  const waitMs = waitOf(route.body ? input.body : input.query)
  const timeoutMs = positive('timeoutMs', input.timeoutMs ?? options.timeoutMs) + waitMs
  const attemptTimeoutMs = positive('attemptTimeoutMs', input.attemptTimeoutMs ?? options.attemptTimeoutMs) + waitMs
  return {
    route,
    writes: route.idempotency !== 'none',
    request: {
      method: route.method,
      headers,
      maxResponseBytes: options.maxResponseBytes,
      ...(body !== undefined && { body }),
    },
    path: buildPath(route, input.params) + queryString(input.query),
    timeoutMs,
    attemptTimeoutMs,
  }
}

/** Asks one coordinator; undefined when another one is to be asked. Throws what is final. */
async function askOne(context: CallContext, course: Course, url: string): Promise<{ value: unknown } | undefined> {
  const { failover, options } = context
  const remainingMs = Math.max(1, course.progress.deadline - performance.now())
  const request = { ...course.request, headers: headersOf(course), url: url + course.path }
  const outcome = await attempt(
    options.transport,
    request,
    Math.min(course.attemptTimeoutMs, remainingMs),
    course.signal,
  )
  const now = performance.now()
  if (outcome.kind === 'failed') {
    throwIfAborted(course.signal)
    if (outcome.mayHaveArrived && course.writes) course.outcomeUnknown = true
    if (outcome.tooLarge) {
      throw new SkyclawError(`${url}: ${outcome.message}`, { outcomeUnknown: course.outcomeUnknown })
    }
    const cutShort = outcome.timedOut && remainingMs < course.attemptTimeoutMs
    // An attempt that the end of the call cut short tells less than the one before it.
    if (!cutShort || !course.failures.has(url)) course.failures.set(url, { url, message: outcome.message })
    failed(failover, course.progress, url, now, { countsAgainst: !cutShort, exclude: false })
    return undefined
  }
  const answer = readAnswer(course.route, outcome.response)
  if (answer.kind === 'ok') {
    answered(failover, url)
    return { value: answer.value }
  }
  remember(course, url, outcome.response.status, answer)
  if (answer.kind === 'problem' && !answer.retry) {
    answered(failover, url)
    throw new ProblemResponseError(answer.problem, url, course.outcomeUnknown)
  }
  if (answer.kind === 'foreign' && answer.next === 'final') {
    throw new UnexpectedAnswerError(url, outcome.response.status, answer.message, course.outcomeUnknown)
  }
  const retryAfter = retryAfterMs(outcome.response.retryAfter, Date.now(), options.maxRetryAfterMs)
  failed(failover, course.progress, url, now, {
    countsAgainst: outcome.response.status >= 500,
    exclude: answer.kind === 'foreign' && answer.next === 'other',
    ...(retryAfter !== undefined && { retryAfterMs: retryAfter }),
  })
  return undefined
}

/** Coordinators look further for what an earlier attempt may have done elsewhere, but only when there was one. */
function headersOf({ request, progress }: Course): Record<string, string> {
  return progress.attempts > 1 ? { ...request.headers, [retryHeader]: String(progress.attempts - 1) } : request.headers
}

function remember(course: Course, url: string, status: number, answer: Exclude<Answer, { kind: 'ok' }>): void {
  if (answer.kind === 'foreign') {
    // A proxy that gave up waiting may have let the request through; a server that broke may have broken afterwards.
    if (status >= 500 && status !== 503 && course.writes) course.outcomeUnknown = true
    course.lastForeign = { url, status, message: answer.message }
    course.failures.set(url, { url, message: answer.message })
    return
  }
  const { outcome, code } = answer.problem
  if (outcome === 'unknown' || (outcome === undefined && code === 'internal' && course.writes)) {
    course.outcomeUnknown = true
  }
  course.lastProblem = { url, problem: answer.problem }
  course.failures.set(url, { url, message: `${answer.problem.code}: ${answer.problem.detail}` })
}

/** The error that tells most: what a coordinator said about the request goes before what the network said. */
function givingUp(course: Course): SkyclawError {
  const { lastProblem, lastForeign, outcomeUnknown } = course
  if (lastProblem) return new ProblemResponseError(lastProblem.problem, lastProblem.url, outcomeUnknown)
  const failures = [...course.failures.values()]
  if (lastForeign && failures.length === 1) {
    return new UnexpectedAnswerError(lastForeign.url, lastForeign.status, lastForeign.message, outcomeUnknown)
  }
  return new UnreachableError(failures, Math.round(performance.now() - course.startedAt), outcomeUnknown)
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw signal.reason
}

function waitOf(input: unknown): number {
  const waitMs = (input as { waitMs?: unknown } | undefined)?.waitMs
  return typeof waitMs === 'number' && waitMs > 0 ? waitMs : 0
}

function queryString(query: Record<string, unknown> = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) search.set(name, `${value as string | number}`)
  return search.size > 0 ? `?${search.toString()}` : ''
}
