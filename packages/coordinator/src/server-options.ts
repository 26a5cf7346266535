import type { FastifyBaseLogger } from 'fastify'
import type { CoordinatorOptions } from './options.ts'

export interface ServerOptions extends CoordinatorOptions {
  /** Default: every interface with a token, loopback without one. */
  readonly host?: string | undefined
  /** Default 8787; 0 for a free one. */
  readonly port?: number | undefined
  readonly logger?: FastifyBaseLogger | undefined
  /** A request must have arrived whole within this time; default 30,000. */
  readonly requestTimeoutMs?: number | undefined
  /**
   * A connection on which nothing moves for so long, answers that nobody reads included, is cut; default 120,000. Claims wait
   * for up to 30,000, so less cuts them off.
   */
  readonly connectionTimeoutMs?: number | undefined
  /** `close()` waits so long for requests under way, then cuts them off; default 10,000. */
  readonly closeTimeoutMs?: number | undefined
}

export const serverDefaults = {
  requestTimeoutMs: 30_000,
  connectionTimeoutMs: 120_000,
  closeTimeoutMs: 10_000,
} as const

export type ServerTimeouts = { readonly [name in keyof typeof serverDefaults]: number }

const maxTimeoutMs = 86_400_000

/** Fills the defaults in. Throws a RangeError that names the option that is wrong. */
export function resolveTimeouts(given: {
  readonly [name in keyof ServerTimeouts]: number | undefined
}): ServerTimeouts {
  const entries = Object.entries(serverDefaults).map(([name, fallback]) => {
    const value = given[name as keyof ServerTimeouts] ?? fallback
    if (Number.isInteger(value) && value >= 1 && value <= maxTimeoutMs) return [name, value]
    throw new RangeError(`${name} must be a whole number from 1 to ${maxTimeoutMs}, not ${value}`)
  })
  return Object.fromEntries(entries) as ServerTimeouts
}
