/**
 * What operators want of a host: that it takes jobs, that it takes none (`paused`), or that it finishes what it has and takes none
 * (`draining`). It stands in the host's record, so that it outlives the host's daemon and the coordinators. Whether a draining host is
 * `drained` is nowhere written down: it is, while it holds no lease.
 */
import type { HostRecord, HostState } from '@skyclaw/protocol'
import { type Decision, keep, refuse, write } from './decision.ts'

type Wanted = NonNullable<HostRecord['wanted']>

/** @param leases how many jobs the host holds */
export function hostState({ wanted }: Pick<HostRecord, 'wanted'>, leases: number): HostState {
  if (!wanted) return 'active'
  if (wanted.state === 'paused') return 'paused'
  return leases === 0 ? 'drained' : 'draining'
}

/** Whether claims of the host are given jobs. */
export function takesJobs({ wanted }: Pick<HostRecord, 'wanted'>): boolean {
  return wanted === undefined
}

/** Names one wish: while it stays the same, the time that the host was given for it runs. */
export function wishOf({ wanted }: Pick<HostRecord, 'wanted'>): string {
  return wanted ? `${wanted.state} ${wanted.since} ${wanted.deadlineMs ?? ''}` : ''
}

export function pause(current: HostRecord | null, id: string, now: number): Decision<HostRecord> {
  return want(current, id, now, { state: 'paused', since: now })
}

/** With a deadline, what runs so many milliseconds from now is handed back. */
export function drain(
  current: HostRecord | null,
  id: string,
  { now, deadlineMs }: { readonly now: number; readonly deadlineMs?: number | undefined },
): Decision<HostRecord> {
  return want(current, id, now, { state: 'draining', since: now, ...(deadlineMs !== undefined && { deadlineMs }) })
}

export function resume(current: HostRecord | null, id: string, now: number): Decision<HostRecord> {
  return want(current, id, now, undefined)
}

/** What is wanted already stays as it is, so that a repeat gives no host more time. */
function want(current: HostRecord | null, id: string, now: number, wanted: Wanted | undefined): Decision<HostRecord> {
  if (!current) return refuse('not_found', `host ${id} is not registered`)
  const { wanted: before, ...rest } = current
  if (before?.state === wanted?.state && before?.deadlineMs === wanted?.deadlineMs) return keep
  return write({ ...rest, updatedAt: now, ...(wanted && { wanted }) })
}
