import { type JobRecord, limits } from '@skyclaw/protocol'
import type { Ledger } from '../ledger/ledger.ts'

/** The jobs that a host holds, newest first, all of them: large ones take several pages. */
export async function* leasesOf(ledger: Ledger, hostId: string): AsyncGenerator<JobRecord> {
  if (!ledger.counts().leases.has(hostId)) return
  let cursor: string | undefined
  do {
    const page = await ledger.list({ kind: 'job', status: 'leased', hostId }, { limit: limits.pageMax, cursor })
    for (const value of page.values) if (value.kind === 'job') yield value
    cursor = page.nextCursor
  } while (cursor !== undefined)
}
