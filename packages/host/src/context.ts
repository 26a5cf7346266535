import type { SkyclawClient } from '@skyclaw/client'
import type { HostState as Wish } from '@skyclaw/protocol'
import type { Logger } from 'pino'
import type { Bell } from './bell.ts'
import type { Completions } from './completions.ts'
import type { HeldJobs } from './held-jobs.ts'
import type { HostOffer } from './host-offer.ts'
import type { HostLogs } from './logs/host-logs.ts'
import type { ResolvedHostOptions } from './options.ts'
import type { RememberedCoordinators } from './remembered-coordinators.ts'
import type { RunContext } from './run/run-context.ts'
import type { RunningJournal } from './running.ts'
import type { Spool } from './spool.ts'

/** The parts of one running host. */
export interface HostContext {
  readonly id: string
  readonly options: ResolvedHostOptions
  readonly offer: HostOffer
  readonly client: SkyclawClient
  /** The list of `client`, over restarts. */
  readonly remembered: RememberedCoordinators
  readonly held: HeldJobs
  readonly spool: Spool
  readonly completions: Completions
  /** What runs, for the next start. */
  readonly journal: RunningJournal
  readonly logs: HostLogs
  readonly run: RunContext
  /** Carries `hostId`. */
  readonly log: Logger
  readonly state: HostState
  /** Rung when the next heartbeat is not to wait for its time. */
  readonly beats: Bell
  /** Aborted when nothing more is to be claimed. */
  readonly claiming: AbortController
  /** Aborted when the host ends: heartbeats and deliveries stop. */
  readonly ending: AbortController
}

export interface HostState {
  /** Whether a coordinator knows this host; claims wait for it. */
  registered: boolean
  /** What the coordinators want of this host: anything but `active`, and it claims nothing. */
  wish: Wish
  /** Ends what runs when the time to drain is over. */
  drainTimer: NodeJS.Timeout | undefined
  /** Requests that report results, and are on their way at this moment. */
  deliveries: number
}
