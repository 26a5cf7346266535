import type { JobRecord } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import type { HostRegistry } from '../hosts/registry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { jobKey } from '../ledger/record-key.ts'
import { leasesOf } from './leases.ts'
import type { JobQueue } from './queue.ts'

export interface RescueOptions {
  readonly ledger: Ledger
  readonly hosts: HostRegistry
  readonly queue: JobQueue
  readonly clock: Clock
}

/** Each coordinator that goes before this one for a job has it for so long to itself. */
const rescueStaggerMs = 1_000

/**
 * Takes the leases of hosts that were silent for longer than the lease time, so that other hosts can have their jobs. Answers how many;
 * rejects, when it has tried all, with what kept it from some of them.
 */
export async function rescueJobs(options: RescueOptions): Promise<number> {
  const { ledger, hosts, clock } = options
  const lost = [...ledger.counts().leases.keys()].filter((id) => hosts.sessions.isLost(id, clock.monotonic()))
  const ended = (await Promise.all(lost.map((id) => rescueHost(options, id)))).flat()
  const failed = ended.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return ended.filter((result) => result.status === 'fulfilled' && result.value).length
}

async function rescueHost({ ledger, hosts, queue, clock }: RescueOptions, hostId: string) {
  const reason = `host ${hostId} was not heard for ${hosts.sessions.leaseMs} ms`
  const jobs: JobRecord[] = []
  for await (const job of leasesOf(ledger, hostId)) jobs.push(job)
  return Promise.allSettled(
    jobs.map(async (job) => {
      const pauseMs = ledger.rank(jobKey(job.id)) * rescueStaggerMs
      const stillLost = () => hosts.sessions.isLost(hostId, clock.monotonic() - pauseMs)
      return stillLost() && queue.lose(job, reason, stillLost)
    }),
  )
}
