import type { Failover } from './failover/failover.ts'
import type { Liveness } from './liveness.ts'
import type { ResolvedOptions } from './options.ts'

/** What all calls and streams of a client share. */
export interface CallContext {
  options: ResolvedOptions
  failover: Failover
  liveness: Liveness
  /** Aborted when the client is closed. */
  closing: AbortSignal
}
