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

  constructor(kind: PeerErrorKind, message: string, options: { cause?: unknown; problem?: Problem } = {}) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.problem = options.problem
  }
}
