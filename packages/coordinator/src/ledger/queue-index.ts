import type { JobStatus, Requirement } from '@skyclaw/protocol'
import type { DueRecord, RecordRow } from '@skyclaw/store'
import { byUrgency, type Lane } from './candidates.ts'
import type { Counts } from './ledger.ts'

type Indexed = Pick<
  RecordRow,
  'key' | 'status' | 'hostId' | 'requirementKey' | 'due' | 'priority' | 'runAt' | 'sequence'
>

interface Queue extends Lane {
  readonly requirement: Requirement
  due: number
}

/**
 * How much is queued under each requirement key, how many jobs have each status, how many leases each host holds: in memory, counted
 * along with every write, so that a claim looks only at keys that its host satisfies and that have something to give. Of each key it knows
 * the most urgent record, from when it was read or came until it goes: so a claim reads only of those keys whose turn it is.
 */
export class QueueIndex {
  readonly #queues = new Map<string, Queue>()
  readonly #jobs: Record<JobStatus, number> = { queued: 0, leased: 0, completed: 0, failed: 0, cancelled: 0 }
  readonly #leases = new Map<string, number>()

  counts(): Counts {
    return { jobs: { ...this.#jobs }, leases: this.#leases }
  }

  addStatus(status: string, count: number): void {
    this.#jobs[status as JobStatus] += count
  }

  addLeases(hostId: string, count: number): void {
    const leases = (this.#leases.get(hostId) ?? 0) + count
    if (leases === 0) this.#leases.delete(hostId)
    else this.#leases.set(hostId, leases)
  }

  /**
   * Counts due records of a requirement key in or out; the requirement is needed for the first of a key. Without the record it is not known
   * any more which is the most urgent.
   */
  addDue(key: string, count: number, requirement: () => Requirement, record?: DueRecord): void {
    const queue = this.#queues.get(key) ?? { key, requirement: requirement(), due: 0, best: undefined }
    const { due, best } = queue
    queue.due += count
    if (queue.due < 0) throw new Error(`the queue of ${key} counts ${queue.due}`)
    if (queue.due === 0) {
      this.#queues.delete(key)
      return
    }
    this.#queues.set(key, queue)
    if (!record) queue.best = undefined
    else if (count > 0) queue.best = due === 0 || (best && byUrgency(record, best) < 0) ? record : best
    else if (best?.key === record.key) queue.best = undefined
  }

  /** Whether any due record of a requirement key is known. */
  hasDue(key: string): boolean {
    return this.#queues.has(key)
  }

  /** Counts a record's change: its row before, if there was one, and its row now, if there is one. */
  replace(before: Indexed | undefined, now: Indexed | undefined, requirement: () => Requirement): void {
    if (before) this.#count(before, -1, requirement)
    if (now) this.#count(now, 1, requirement)
  }

  #count(row: Indexed, count: number, requirement: () => Requirement): void {
    if (row.status !== null) this.addStatus(row.status, count)
    if (row.hostId !== null) this.addLeases(row.hostId, count)
    const due = dueRecord(row)
    if (due && row.requirementKey !== null) this.addDue(row.requirementKey, count, requirement, due)
  }

  /** The requirement keys with due records that a host satisfies. */
  lanesFor(accepts: (requirement: Requirement) => boolean): Lane[] {
    const lanes: Lane[] = []
    for (const queue of this.#queues.values()) if (accepts(queue.requirement)) lanes.push(queue)
    return lanes
  }
}

function dueRecord({ key, due, priority, runAt, sequence }: Indexed): DueRecord | undefined {
  return due === 1 && priority !== null && runAt !== null ? { key, priority, runAt, sequence } : undefined
}
