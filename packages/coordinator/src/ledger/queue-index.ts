import type { JobStatus, Requirement } from '@skyclaw/protocol'
import type { RecordRow } from '@skyclaw/store'
import type { Counts } from './ledger.ts'

type Indexed = Pick<RecordRow, 'status' | 'hostId' | 'requirementKey' | 'due'>

interface Queue {
  readonly requirement: Requirement
  due: number
}

/**
 * How much is queued under each requirement key, how many jobs have each status, how many leases each host holds: in memory, counted
 * along with every write, so that a claim looks only at keys that its host satisfies and that have something to give.
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

  /** Counts due records of a requirement key in or out; the requirement is needed for the first of a key. */
  addDue(key: string, count: number, requirement: () => Requirement): void {
    const queue = this.#queues.get(key) ?? { requirement: requirement(), due: 0 }
    queue.due += count
    if (queue.due < 0) throw new Error(`the queue of ${key} counts ${queue.due}`)
    if (queue.due === 0) this.#queues.delete(key)
    else this.#queues.set(key, queue)
  }

  /** Counts a record's change: its row before, if there was one, and its row now, if there is one. */
  replace(before: Indexed | undefined, now: Indexed | undefined, requirement: () => Requirement): void {
    if (before) this.#count(before, -1, requirement)
    if (now) this.#count(now, 1, requirement)
  }

  #count(row: Indexed, count: number, requirement: () => Requirement): void {
    if (row.status !== null) this.addStatus(row.status, count)
    if (row.hostId !== null) this.addLeases(row.hostId, count)
    if (row.due === 1 && row.requirementKey !== null) this.addDue(row.requirementKey, count, requirement)
  }

  /** The requirement keys with due records that a host satisfies. */
  keysFor(accepts: (requirement: Requirement) => boolean): string[] {
    const keys: string[] = []
    for (const [key, queue] of this.#queues) if (accepts(queue.requirement)) keys.push(key)
    return keys
  }
}
