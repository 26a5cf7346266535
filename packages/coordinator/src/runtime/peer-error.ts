import { type Problem } from '@skyclaw/protocol'

/**
 * Why another coordinator gave no answer that can be used:
 * - `unreachable`: no connection, or no answer in time;
 * - `refused`: it answered with a problem document;
 * - `malformed`: what it answered is not the protocol.
 */
export type PeerErrorKind = 'unreachable' | 'refused' | 'malformed'

/** A call to another coordinator failed. Its message is part of a sentence that begins with the peer's URL. */
export class PeerError extends Error {
  override readonly name = 'PeerError'
  readonly kind: PeerErrorKind
  readonly problem: Problem | undefined
  /** Nothing listens at its port: the connection was refused, rather than lost or not made in time. */
  readonly portClosed: boolean

  constructor(kind: PeerErrorKind, message: string, options: { cause?: unknown; problem?: Problem } = {}) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.problem = options.problem
    this.portClosed = kind === 'unreachable' && wasRefused(options.cause)
  }
}

/** Of a name with several addresses, all must have refused. */
function wasRefused(cause: unknown): boolean {
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.every(wasRefused)
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED'
}
