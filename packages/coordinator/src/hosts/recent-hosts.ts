import type { HostRecord } from '@skyclaw/protocol'
import type { RecordKey } from '../ledger/record-key.ts'

interface Recent {
  readonly record: HostRecord
  /** Undefined for one that was read by the host's id. */
  readonly key: RecordKey<HostRecord> | undefined
}

/** The latest records of hosts, in memory. Of two records of one host the older counts, as everywhere. */
export class RecentHosts {
  readonly #hosts = new Map<string, Recent>()

  get(id: string): HostRecord | undefined {
    return this.#hosts.get(id)?.record
  }

  *all(): Generator<HostRecord> {
    for (const { record } of this.#hosts.values()) yield record
  }

  /** Takes a record that was learned. */
  learn(record: HostRecord, key: RecordKey<HostRecord>): void {
    const present = this.#hosts.get(record.id)
    if (!present || present.key === key || !countsBefore(present, { record, key })) {
      this.#hosts.set(record.id, { record, key })
    }
  }

  /** Takes a record that was read, unless one was learned meanwhile: that is newer. */
  add(record: HostRecord): void {
    if (!this.#hosts.has(record.id)) this.#hosts.set(record.id, { record, key: undefined })
  }

  /** Drops those that are not wanted any more. */
  drop(unwanted: (id: string) => boolean): void {
    for (const id of this.#hosts.keys()) if (unwanted(id)) this.#hosts.delete(id)
  }
}

function countsBefore(a: Recent, b: Recent): boolean {
  if (a.record.registeredAt !== b.record.registeredAt) return a.record.registeredAt < b.record.registeredAt
  return a.key !== undefined && b.key !== undefined && a.key < b.key
}
