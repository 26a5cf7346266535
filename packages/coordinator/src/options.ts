import { limits } from '@skyclaw/protocol'
import { hostname } from 'node:os'

/** Options of the coordinator plugin. Times are milliseconds. */
export interface CoordinatorOptions {
  /** The SQLite file; made when it does not exist. */
  readonly dbPath: string
  /** What every caller must present. Without one, listen on loopback only. */
  readonly token?: string | undefined
  /** Name of this coordinator; default: the machine's host name. */
  readonly nodeId?: string | undefined
  /** Under which others reach it; told to hosts, which then know where to go. */
  readonly publicUrl?: string | (() => string | undefined) | undefined
  /** Prefix of its routes. */
  readonly prefix?: string
  /** A host silent for longer is lost; default 20,000. */
  readonly leaseMs?: number | undefined
  /** How long answers to requests with an idempotency key are kept at least; default 86,400,000. */
  readonly idempotencyTtlMs?: number | undefined
  /** How long jobs are kept after they ended; default 7 days, at least `idempotencyTtlMs`. */
  readonly retentionMs?: number | undefined
  /** URLs of other coordinators: any one that answers makes this one a member of its network. Default: none, it waits for others to join. */
  readonly peerUrls?: readonly string[] | undefined
  /** Whether others than those at `peerUrls` become members; default true. */
  readonly peerDiscovery?: boolean | undefined
  /** Coordinators that must have a change on disk before it is acknowledged. Default: 2, and 1 for one that never had another beside it. */
  readonly minReplications?: number | undefined
  /** Records of a coordinator that was dead for so long get another one in its place; default 600,000. */
  readonly repairAfterMs?: number | undefined
  /** Time between two rounds of exchanges, each with two others: how soon the dead are noticed goes with it. Default 1,000. */
  readonly gossipIntervalMs?: number | undefined
  /** Bytes kept of the log of an attempt's stdout, and as much of its stderr; default 4,194,304. */
  readonly maxLogBytes?: number | undefined
  /** Bytes of disk that all logs together may take; the oldest go first. Default 1 GiB. */
  readonly maxLogsBytes?: number | undefined
  /** Readers that may follow logs at once; default 1,000. */
  readonly maxFollowers?: number | undefined
  /** Claims that may wait at once; default 10,000. */
  readonly maxWaitingClaims?: number | undefined
  /** Callers that may wait for the end of a job at once; default 10,000. */
  readonly maxWaitingReads?: number | undefined
  /** Requests that may wait for the disk at once; default 50,000. */
  readonly maxWaitingChanges?: number | undefined
  /** Requests for new work, and for lists, are refused while those that wait will take longer than so many milliseconds; default 1,000. */
  readonly maxBacklogMs?: number | undefined
  /**
   * Called when the coordinator must not go on: the disk failed in the middle of work and memory is ahead of it, or its database turned
   * out to be a copy. Default: log and end the process.
   */
  readonly onFatal?: ((error: Error) => void) | undefined
}

export interface ResolvedOptions {
  readonly dbPath: string
  readonly token: string | undefined
  readonly nodeId: string
  readonly publicUrl: () => string | undefined
  readonly leaseMs: number
  readonly idempotencyTtlMs: number
  readonly retentionMs: number
  readonly peerUrls: readonly string[]
  readonly peerDiscovery: boolean
  readonly minReplications: number
  /** M of a coordinator that never had another beside it. */
  readonly minReplicationsAlone: number
  readonly repairAfterMs: number
  readonly gossipIntervalMs: number
  readonly maxLogBytes: number
  readonly maxLogsBytes: number
  readonly maxFollowers: number
  readonly maxWaitingClaims: number
  readonly maxWaitingReads: number
  readonly maxWaitingChanges: number
  readonly maxBacklogMs: number
}

const dayMs = 86_400_000

const maxPeerUrls = 64

const numbers = {
  leaseMs: { fallback: 20_000, min: 100, max: dayMs },
  idempotencyTtlMs: { fallback: dayMs, min: 1_000, max: 366 * dayMs },
  retentionMs: { fallback: 7 * dayMs, min: 1_000, max: 3_650 * dayMs },
  minReplications: { fallback: 2, min: 1, max: limits.minReplications },
  repairAfterMs: { fallback: 600_000, min: 100, max: 366 * dayMs },
  gossipIntervalMs: { fallback: 1_000, min: 10, max: 60_000 },
  maxLogBytes: { fallback: 4_194_304, min: 4_096, max: limits.logBytes },
  maxLogsBytes: { fallback: 1_073_741_824, min: 1_048_576, max: Number.MAX_SAFE_INTEGER },
  maxFollowers: { fallback: 1_000, min: 1, max: 1_000_000 },
  maxWaitingClaims: { fallback: 10_000, min: 1, max: 1_000_000 },
  maxWaitingReads: { fallback: 10_000, min: 1, max: 1_000_000 },
  maxWaitingChanges: { fallback: 50_000, min: 1, max: 1_000_000 },
  maxBacklogMs: { fallback: 1_000, min: 100, max: 60_000 },
} as const

/** Fills the defaults in. Throws a TypeError or RangeError that names the option that is wrong. */
export function resolveOptions(options: CoordinatorOptions): ResolvedOptions {
  if (typeof options.dbPath !== 'string' || options.dbPath === '') throw new TypeError('dbPath must name a file')
  checkToken(options.token)
  checkPrefix(options.prefix)
  if (typeof options.publicUrl !== 'function' && options.publicUrl !== undefined)
    checkUrl('publicUrl', options.publicUrl)
  const peerUrls = checkPeerUrls(options.peerUrls ?? [])
  const nodeId = options.nodeId ?? defaultNodeId()
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(nodeId)) {
    throw new TypeError(`nodeId must be up to 128 letters, digits and . _ : -, not ${JSON.stringify(nodeId)}`)
  }
  const { publicUrl } = options
  const idempotencyTtlMs = whole(options, 'idempotencyTtlMs')
  return {
    dbPath: options.dbPath,
    token: options.token,
    nodeId,
    publicUrl: typeof publicUrl === 'function' ? () => withoutSlash(publicUrl()) : () => withoutSlash(publicUrl),
    leaseMs: whole(options, 'leaseMs'),
    idempotencyTtlMs,
    retentionMs: Math.max(whole(options, 'retentionMs'), idempotencyTtlMs),
    peerUrls,
    peerDiscovery: checkDiscovery(options.peerDiscovery),
    minReplications: whole(options, 'minReplications'),
    minReplicationsAlone: whole(options, 'minReplications', 1),
    repairAfterMs: whole(options, 'repairAfterMs'),
    gossipIntervalMs: whole(options, 'gossipIntervalMs'),
    maxLogBytes: whole(options, 'maxLogBytes'),
    maxLogsBytes: whole(options, 'maxLogsBytes'),
    maxFollowers: whole(options, 'maxFollowers'),
    maxWaitingClaims: whole(options, 'maxWaitingClaims'),
    maxWaitingReads: whole(options, 'maxWaitingReads'),
    maxWaitingChanges: whole(options, 'maxWaitingChanges'),
    maxBacklogMs: whole(options, 'maxBacklogMs'),
  }
}

function checkToken(token: unknown): void {
  if (token === undefined) return
  if (token === '') throw new TypeError('token must not be empty; leave it out to run without one')
  // Anything else cannot be sent in a header as it is, and would lock everybody out.
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,4096}$/.test(token)) {
    throw new TypeError('token must be 1 to 4,096 visible ASCII characters without spaces')
  }
}

function checkPrefix(prefix: unknown): void {
  const wellFormed = prefix === undefined || prefix === '' || (typeof prefix === 'string' && prefix.startsWith('/'))
  if (!wellFormed) throw new TypeError(`prefix must begin with a slash, not ${JSON.stringify(prefix)}`)
}

function checkUrl(name: string, url: unknown): void {
  const protocol = typeof url === 'string' ? URL.parse(url)?.protocol : undefined
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`${name} must be an http or https URL, not ${JSON.stringify(url)}`)
  }
}

function checkPeerUrls(urls: unknown): string[] {
  if (!Array.isArray(urls)) throw new TypeError(`peerUrls must be a list of URLs, not ${JSON.stringify(urls)}`)
  if (urls.length > maxPeerUrls) throw new RangeError(`peerUrls must be at most ${maxPeerUrls}, not ${urls.length}`)
  for (const url of urls) checkUrl('each of peerUrls', url)
  return [...new Set((urls as string[]).map((url) => withoutSlash(url)))]
}

/** The same URL is the same text. */
function withoutSlash<T extends string | undefined>(url: T): T {
  return url?.replace(/\/+$/, '') as T
}

function checkDiscovery(peerDiscovery: unknown): boolean {
  if (peerDiscovery === undefined) return true
  if (typeof peerDiscovery === 'boolean') return peerDiscovery
  throw new TypeError(`peerDiscovery must be true or false, not ${JSON.stringify(peerDiscovery)}`)
}

function defaultNodeId(): string {
  return (
    hostname()
      .replaceAll(/[^A-Za-z0-9._:-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 128) || 'coordinator'
  )
}

function whole(
  options: CoordinatorOptions,
  name: keyof typeof numbers,
  fallback: number = numbers[name].fallback,
): number {
  const { min, max } = numbers[name]
  const value = options[name] ?? fallback
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}`)
  }
  return value
}
