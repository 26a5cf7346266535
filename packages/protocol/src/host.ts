import { type Static, Type } from '@sinclair/typebox'
import { limits } from './limits.ts'
import { constants, Id, Labels, NormalCapabilities, Timestamp } from './schema.ts'

export const MaxParallel = Type.Integer({
  minimum: 1,
  maximum: limits.maxParallel,
  description: 'Jobs the host runs at once.',
})

export const DrainDeadlineMs = Type.Integer({
  minimum: 0,
  maximum: limits.timeoutMs,
  description: 'Milliseconds that running jobs have to end; what runs then is ended and handed back.',
})

/**
 * What a host does: takes jobs; takes none (`paused`); takes none, and hands back what still runs when the deadline is there
 * (`draining`), until nothing is left (`drained`).
 */
export const hostStates = ['active', 'paused', 'draining', 'drained'] as const
export const HostState = constants(...hostStates)
export type HostState = Static<typeof HostState>

export const Host = Type.Object(
  {
    id: Id,
    name: Type.String(),
    capabilities: NormalCapabilities,
    maxParallel: MaxParallel,
    labels: Labels,
    activeLeases: Type.Integer({ minimum: 0 }),
    lastSeenAt: Timestamp,
    registeredAt: Timestamp,
    state: HostState,
    live: Type.Boolean({ description: 'Whether some coordinator heard it within the lease time.' }),
  },
  { $id: 'Host' },
)
export type Host = Static<typeof Host>

/** A lease as hosts and coordinators speak of it: the job and the fence. */
export const LeaseRef = Type.Object(
  { id: Id, attempt: Type.Integer({ minimum: 1, maximum: limits.attemptsTotal }) },
  { additionalProperties: false },
)
export type LeaseRef = Static<typeof LeaseRef>
