import type { JobRecord } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import type { HostRegistry } from '../hosts/registry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { leasesOf } from './leases.ts'
import type { JobQueue } from './queue.ts'

export interface RescueOptions {
  readonly ledger: Ledger
  readonly hosts: HostRegistry
  readonly queue: JobQueue
  readonly clock: Clock
}

/** Takes the leases of hosts that were silent for longer than the lease time, so that other hosts can have their jobs. */
export async function rescueJobs({ ledger, hosts, queue, clock }: RescueOptions): Promise<number> {
  let rescued = 0
  for (const hostId of [...ledger.counts().leases.keys()]) {
    const stillLost = () => hosts.sessions.isLost(hostId, clock.monotonic())
    if (!stillLost()) continue
    const reason = `host ${hostId} was not heard for ${hosts.sessions.leaseMs} ms`
    const jobs: JobRecord[] = []
    for await (const job of leasesOf(ledger, hostId)) jobs.push(job)
    const lost = await Promise.all(jobs.map((job) => queue.lose(job, reason, stillLost)))
    rescued += lost.filter(Boolean).length
  }
  return rescued
}
