import type { SkyclawClient } from '@skyclaw/client'
import type { Logger } from 'pino'
import type { HeldJobs } from './held-jobs.ts'
import type { ResolvedHostOptions } from './options.ts'
import type { RememberedCoordinators } from './remembered-coordinators.ts'
import type { RunContext } from './run/run-context.ts'
import type { Spool } from './spool.ts'

/** The parts of one running host. */
export interface HostContext {
  readonly id: string
  readonly options: ResolvedHostOptions
  readonly capabilities: readonly string[]
  readonly client: SkyclawClient
  /** The list of `client`, over restarts. */
  readonly remembered: RememberedCoordinators
  readonly held: HeldJobs
  readonly spool: Spool
  readonly run: RunContext
  /** Carries `hostId`. */
  readonly log: Logger
  readonly state: HostState
  /** Aborted when nothing more is to be claimed. */
  readonly claiming: AbortController
  /** Aborted when the host ends: heartbeats and deliveries stop. */
  readonly ending: AbortController
}

export interface HostState {
  /** Whether a coordinator knows this host; claims wait for it. */
  registered: boolean
  /** The coordinators asked this host to claim nothing. */
  drainRequested: boolean
  /** Results on their way at this moment. */
  deliveries: number
}
