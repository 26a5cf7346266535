import { type BodyOf, isTerminal, type JobRecord, type ResponseOf, type Routes } from '@skyclaw/protocol'
import { takesJobs } from '../core/host-state.ts'
import { leasesOf } from '../jobs/leases.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { jobKey } from '../ledger/record-key.ts'
import type { HostRegistry } from './registry.ts'

export interface HeartbeatContext {
  readonly ledger: Ledger
  readonly hosts: HostRegistry
  readonly queue: JobQueue
  readonly coordinators: () => string[]
}

type Heartbeat = BodyOf<Routes['heartbeat']>
type LeaseRef = NonNullable<Heartbeat['jobs']>[number]

/** A lease that the host does not list for so long was never heard of by it: the claim's answer was lost. */
const unlistedLeaseMs = 10_000

/** Renews a host's leases and tells it what changed. */
export async function heartbeat(
  context: HeartbeatContext,
  hostId: string,
  { jobs }: Heartbeat,
): Promise<ResponseOf<Routes['heartbeat']>> {
  const { hosts, ledger } = context
  const record = await hosts.hear(hostId)
  const listed = jobs && new Set(jobs.map(({ id }) => id))
  const unlisted: JobRecord[] = []
  const cancel: LeaseRef[] = []
  for await (const job of leasesOf(ledger, hostId)) {
    if (job.cancelRequestedAt !== undefined) cancel.push(toRef(job))
    if (listed && !listed.has(job.id) && hosts.leaseAgeMs(job) > unlistedLeaseMs) unlisted.push(job)
  }
  if (unlisted.length > 0) {
    const reason = `host ${hostId} does not know of the lease`
    await Promise.all(unlisted.map((job) => context.queue.lose(job, reason, () => true)))
  }
  const lost = await Promise.all((jobs ?? []).map(async (ref) => ((await isLost(ledger, hostId, ref)) ? [ref] : [])))
  // It may have been paused meanwhile.
  const latest = hosts.latest(record)
  const host = hosts.view(latest)
  const deadlineMs = hosts.deadlineMs(latest)
  return {
    host,
    cancel,
    lost: lost.flat(),
    ...(!takesJobs(latest) && { drain: true }),
    state: host.state,
    ...(deadlineMs !== undefined && { deadlineMs }),
    coordinators: context.coordinators(),
    leaseMs: hosts.sessions.leaseMs,
  }
}

function toRef({ id, attempts }: JobRecord): LeaseRef {
  return { id, attempt: attempts }
}

/** Whether a higher fence or a terminal state is known that is not the host's own report. */
async function isLost(ledger: Ledger, hostId: string, { id, attempt }: LeaseRef): Promise<boolean> {
  const job = await ledger.read(jobKey(id), { locally: true })
  if (!job) return false
  if (job.attempts > attempt) return true
  const last = job.attemptHistory.at(-1)
  const ownReport = last?.hostId === hostId && last.outcome !== 'lease_lost'
  return isTerminal(job.status) && !(job.attempts === attempt && ownReport)
}
