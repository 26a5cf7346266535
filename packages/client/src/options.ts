import { limits } from '@skyclaw/protocol'
import { OptionError } from './errors.ts'
import { type FailoverOptions, failoverDefaults } from './failover/failover.ts'
import { ofetchTransport } from './ofetch-transport.ts'
import type { Transport } from './transport.ts'

export interface ClientOptions {
  /** URLs of coordinators, `http:` or `https:`, with or without a path prefix. The first that works is kept to. */
  coordinators: readonly string[]
  /** Sent as `x-skyclaw-token`. */
  token?: string | undefined
  /** Milliseconds that a whole call may take, failover and retries included; default 10,000. */
  timeoutMs?: number
  /** Milliseconds that one coordinator has for its answer; default 6,000. A call that waits has its `waitMs` on top. */
  attemptTimeoutMs?: number
  /** Largest answer that is read; default 64 MiB. */
  maxResponseBytes?: number
  /** A longer `Retry-After` is taken for this many milliseconds; default 60,000. */
  maxRetryAfterMs?: number
  /** Coordinators learned from the network that are kept beside the configured ones; default 64. */
  maxCoordinators?: number
  /**
   * Whether to ask the network for its coordinators while the client is in use, so that calls go on when the configured ones are
   * gone; they are sent the token like those. Default true.
   */
  learn?: boolean
  /** Milliseconds between two such questions at least; default 30,000. */
  learnEveryMs?: number
  /**
   * Whether concurrent calls of `jobs.enqueue` share requests; default true. `maxJobs` of one request at most (100), and
   * `maxRequests` under way beyond which calls gather (2).
   */
  coalesce?: boolean | Partial<CoalesceOptions>
  /** Breaker, backoff and pings. */
  failover?: Partial<FailoverOptions>
  /** How requests travel; default ofetch. */
  transport?: Transport
}

export interface CoalesceOptions {
  /** Of one request. */
  maxJobs: number
  /** Requests under way beyond which calls gather. */
  maxRequests: number
}

const coalesceDefaults: CoalesceOptions = { maxJobs: 100, maxRequests: 2 }

export type ResolvedOptions = Required<Omit<ClientOptions, 'token' | 'failover' | 'coalesce'>> & {
  /** Undefined: each call is a request of its own. */
  coalesce: CoalesceOptions | undefined
  token: string | undefined
  failover: FailoverOptions
}

/** Fills the defaults in. Throws an `OptionError` that names the option; the token is never in it. */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  if (!Array.isArray(options.coordinators) || options.coordinators.length === 0) {
    throw new OptionError('coordinators', 'needs at least one URL, such as http://127.0.0.1:8787')
  }
  const urls = options.coordinators.map((url: unknown, index) => checkUrl(`coordinators[${index}]`, url))
  const failover = { ...failoverDefaults, ...options.failover }
  for (const name of Object.keys(failoverDefaults) as (keyof FailoverOptions)[]) {
    positive(`failover.${name}`, failover[name])
  }
  return {
    coordinators: [...new Set(urls)],
    token: options.token === undefined ? undefined : checkToken(options.token),
    timeoutMs: positive('timeoutMs', options.timeoutMs ?? 10_000),
    attemptTimeoutMs: positive('attemptTimeoutMs', options.attemptTimeoutMs ?? 6_000),
    maxResponseBytes: positive('maxResponseBytes', options.maxResponseBytes ?? 64 * 1_048_576),
    maxRetryAfterMs: positive('maxRetryAfterMs', options.maxRetryAfterMs ?? 60_000),
    maxCoordinators: positive('maxCoordinators', options.maxCoordinators ?? 64),
    learn: options.learn ?? true,
    learnEveryMs: positive('learnEveryMs', options.learnEveryMs ?? 30_000),
    coalesce: resolveCoalesce(options.coalesce ?? true),
    failover,
    transport: options.transport ?? ofetchTransport(),
  }
}

function resolveCoalesce(option: boolean | Partial<CoalesceOptions>): CoalesceOptions | undefined {
  if (option === false) return undefined
  const { maxJobs, maxRequests } = option === true ? coalesceDefaults : { ...coalesceDefaults, ...option }
  return {
    maxJobs: countUpTo('coalesce.maxJobs', maxJobs, limits.batchJobs),
    maxRequests: countUpTo('coalesce.maxRequests', maxRequests, maxCoalescedRequests),
  }
}

const maxCoalescedRequests = 64

function countUpTo(option: string, value: unknown, max: number): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max) return value as number
  throw new OptionError(option, `must be a whole number from 1 to ${max}, not ${String(value)}`)
}

/** The URL without a slash at its end. Throws an `OptionError`, without the URL when it holds a password. */
export function checkUrl(option: string, value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : ''
  const shown = text === '' || text.includes('@') ? '' : ` (${JSON.stringify(text.slice(0, 200))})`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new OptionError(option, `must be an http or https URL, such as http://127.0.0.1:8787${shown}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new OptionError(option, 'must not hold a user name or a password: the token is an option of its own')
  }
  if (url.search !== '' || url.hash !== '') throw new OptionError(option, `must not have a query or a fragment${shown}`)
  return (url.origin + url.pathname).replace(/\/+$/, '')
}

function checkToken(token: unknown): string {
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new OptionError('token', 'must be one or more visible ASCII characters, without spaces or line breaks')
  }
  return token
}

/** The key, when it can travel in a header. */
export function checkIdempotencyKey(key: string): string {
  if (typeof key === 'string' && key.length <= limits.idempotencyKeyChars && /^[\x21-\x7e]+$/.test(key)) return key
  throw new OptionError('idempotencyKey', `must be 1 to ${limits.idempotencyKeyChars} visible ASCII characters`)
}

/** The number, when it is a limit or a time: above 0 and finite. */
export function positive(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0 && value <= 2_147_483_647) return value
  throw new OptionError(option, `must be a number above 0 and at most 2147483647, not ${String(value)}`)
}
