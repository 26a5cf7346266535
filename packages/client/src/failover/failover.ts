import { backoffMs } from './backoff.ts'

/*
 * Which coordinator a call asks next. Sans-IO: the time and randomness come in as values, decisions go out as values.
 *
 * One `Failover` is shared by all calls of a client. It knows for each URL how many attempts failed in a row; at
 * `breakerFailures` the URL's breaker opens, and calls pass it by until its cool-down is over. Then one call tries it: the
 * breaker is closed by an answer, opened again for longer by a failure. `notBefore` is what `Retry-After` asked for.
 * One `CallProgress` belongs to one call. The call goes in rounds: in a round each URL is asked at most once, the URL that
 * answered last first. Between rounds the call waits. When all breakers are open, a round asks the one that opens soonest.
 * An attempt whose coordinator was found silent (`leftRunning`) goes on beside the next one: its URL is not asked again meanwhile,
 * and the call does not give up before its end as long as such an attempt may bring the answer.
 */

export interface FailoverOptions {
  /** Failures in a row that open the breaker of a URL. */
  breakerFailures: number
  /** The first cool-down of a breaker, in milliseconds; it doubles with each further failure. */
  breakerBaseMs: number
  breakerMaxMs: number
  /** The wait after the first round, in milliseconds; it doubles with each further round. */
  backoffBaseMs: number
  backoffMaxMs: number
  /** How long an answer may be owed until the coordinator is pinged, in milliseconds; it doubles with each further ping. */
  pingAfterMs: number
  pingMaxMs: number
  /** A ping without an answer for so many milliseconds: the coordinator is silent, and another one is asked too. */
  pingTimeoutMs: number
  /** A stream that brings nothing for so many milliseconds, not even a comment, is silent: it goes on at another coordinator. */
  streamSilenceMs: number
}

export const failoverDefaults: FailoverOptions = {
  breakerFailures: 3,
  breakerBaseMs: 1_000,
  breakerMaxMs: 15_000,
  backoffBaseMs: 100,
  backoffMaxMs: 1_000,
  pingAfterMs: 300,
  pingMaxMs: 5_000,
  pingTimeoutMs: 500,
  // Coordinators send a comment every 5 s.
  streamSilenceMs: 12_000,
}

export interface Endpoint {
  readonly url: string
  failures: number
  /** The breaker is open until then. 0: closed. */
  openUntil: number
  /** The server asked not to be asked before. */
  notBefore: number
}

export interface Failover {
  readonly options: FailoverOptions
  endpoints: Endpoint[]
  /** The URL that answered last: it is asked first. */
  preferred: string | undefined
}

export interface CallProgress {
  readonly deadline: number
  rounds: number
  attempts: number
  /** URLs asked in this round. */
  asked: Set<string>
  /** URLs that turned out not to be coordinators: not asked again by this call. */
  excluded: Set<string>
  /** URLs found silent, whose attempts still go on. */
  leftRunning: Set<string>
  /** The wait after this round is over then; undefined within a round. */
  nextRoundAt: number | undefined
}

export type Decision = { kind: 'ask'; url: string } | { kind: 'wait'; until: number } | { kind: 'give-up' }

export function createFailover(urls: readonly string[], options: FailoverOptions): Failover {
  return { options, endpoints: urls.map(newEndpoint), preferred: urls[0] }
}

export function startCall(deadline: number): CallProgress {
  const sets = { asked: new Set<string>(), excluded: new Set<string>(), leftRunning: new Set<string>() }
  return { deadline, rounds: 0, attempts: 0, ...sets, nextRoundAt: undefined }
}

/** Replaces the list. URLs that stay keep their breaker. */
export function replaceUrls(failover: Failover, urls: readonly string[]): void {
  const known = new Map(failover.endpoints.map((endpoint) => [endpoint.url, endpoint]))
  failover.endpoints = urls.map((url) => known.get(url) ?? newEndpoint(url))
  if (failover.preferred !== undefined && !urls.includes(failover.preferred)) failover.preferred = urls[0]
}

/** What the call does now. After `ask`, report how it went with `answered`, `silent` or `failed`; after `wait`, ask again. */
export function decide(failover: Failover, call: CallProgress, now: number, random: number): Decision {
  if (now >= call.deadline) return { kind: 'give-up' }
  const decision = choose(failover, call, now, random)
  return decision.kind === 'give-up' && call.leftRunning.size > 0 ? { kind: 'wait', until: call.deadline } : decision
}

function choose(failover: Failover, call: CallProgress, now: number, random: number): Decision {
  const { excluded, leftRunning } = call
  const usable = inOrder(failover).filter(({ url }) => !excluded.has(url) && !leftRunning.has(url))
  if (usable.length === 0) return { kind: 'give-up' }
  if (call.nextRoundAt !== undefined) {
    if (now < call.nextRoundAt) return { kind: 'wait', until: call.nextRoundAt }
    call.nextRoundAt = undefined
    call.asked.clear()
  }
  const next = usable.find((endpoint) => !call.asked.has(endpoint.url) && isReady(endpoint, now))
  if (next) return ask(failover, call, next, now)
  if (call.asked.size > 0) return endRound(failover, call, usable, now, random)

  const allowed = usable.filter((endpoint) => endpoint.notBefore <= now)
  if (allowed.length > 0) return ask(failover, call, soonest(allowed, 'openUntil'), now)
  const first = soonest(usable, 'notBefore')
  if (first.notBefore < call.deadline) return { kind: 'wait', until: first.notBefore }
  // A call that has asked nobody yet asks once, whatever an earlier call was told.
  return call.attempts === 0 ? ask(failover, call, first, now) : { kind: 'give-up' }
}

/** The URL answered as a coordinator does. */
export function answered(failover: Failover, url: string): void {
  const endpoint = find(failover, url)
  if (!endpoint) return
  endpoint.failures = 0
  endpoint.openUntil = 0
  endpoint.notBefore = 0
  failover.preferred = url
}

/** Whether the call could ask somebody else than this URL. */
export function hasOther(failover: Failover, { excluded, leftRunning }: CallProgress, url: string): boolean {
  return failover.endpoints.some(
    (other) => other.url !== url && !excluded.has(other.url) && !leftRunning.has(other.url),
  )
}

/** The coordinator gives no sign of life. Its attempt goes on; report its end with `failed` all the same. */
export function silent(failover: Failover, call: CallProgress, url: string, now: number): void {
  failed(failover, call, url, now, { countsAgainst: true, exclude: false })
  call.leftRunning.add(url)
}

export interface Failure {
  /** Whether it speaks against the coordinator: not for one that is merely busy, nor for an attempt cut short. */
  countsAgainst: boolean
  /** Whether the call is to ask it no more. */
  exclude: boolean
  retryAfterMs?: number
}

/** The attempt at this URL brought nothing to keep. */
export function failed(failover: Failover, call: CallProgress, url: string, now: number, failure: Failure): void {
  // It was counted when it was found silent.
  const isCounted = call.leftRunning.delete(url)
  if (failure.exclude) call.excluded.add(url)
  const endpoint = find(failover, url)
  if (!endpoint) return
  if (failure.retryAfterMs !== undefined) endpoint.notBefore = now + failure.retryAfterMs
  if (!failure.countsAgainst || isCounted) return
  endpoint.failures += 1
  const { breakerFailures, breakerBaseMs, breakerMaxMs } = failover.options
  const over = endpoint.failures - breakerFailures
  if (over >= 0) endpoint.openUntil = now + Math.min(breakerMaxMs, breakerBaseMs * 2 ** Math.min(over, 30))
}

function ask(failover: Failover, call: CallProgress, endpoint: Endpoint, now: number): Decision {
  call.asked.add(endpoint.url)
  call.attempts += 1
  // Whoever tries an open breaker keeps the other calls away meanwhile.
  if (endpoint.openUntil > 0) endpoint.openUntil = Math.max(endpoint.openUntil, now + failover.options.breakerBaseMs)
  return { kind: 'ask', url: endpoint.url }
}

function endRound(failover: Failover, call: CallProgress, usable: Endpoint[], now: number, random: number): Decision {
  const { backoffBaseMs: baseMs, backoffMaxMs: maxMs } = failover.options
  const rested = now + backoffMs(call.rounds, random, { baseMs, maxMs })
  const until = Math.max(rested, soonest(usable, 'notBefore').notBefore)
  if (until >= call.deadline) return { kind: 'give-up' }
  call.rounds += 1
  call.nextRoundAt = until
  return { kind: 'wait', until }
}

function inOrder({ endpoints, preferred }: Failover): Endpoint[] {
  const start = Math.max(
    0,
    endpoints.findIndex((endpoint) => endpoint.url === preferred),
  )
  return [...endpoints.slice(start), ...endpoints.slice(0, start)]
}

function isReady(endpoint: Endpoint, now: number): boolean {
  return endpoint.openUntil <= now && endpoint.notBefore <= now
}

function soonest(endpoints: Endpoint[], by: 'openUntil' | 'notBefore'): Endpoint {
  return endpoints.reduce((best, endpoint) => (endpoint[by] < best[by] ? endpoint : best))
}

function find(failover: Failover, url: string): Endpoint | undefined {
  return failover.endpoints.find((endpoint) => endpoint.url === url)
}

function newEndpoint(url: string): Endpoint {
  return { url, failures: 0, openUntil: 0, notBefore: 0 }
}
