import {
  type BodyOf,
  type Host,
  type HostRecord,
  type JobRecord,
  limits,
  ProblemError,
  type Requirement,
  type Routes,
} from '@skyclaw/protocol'
import { v7 } from 'uuid'
import type { Clock } from '../clock.ts'
import { write } from '../core/decision.ts'
import type { HostSessions } from '../core/host-sessions.ts'
import { normaliseCapabilities, satisfies } from '../core/matching.ts'
import type { Ledger, PageRequest } from '../ledger/ledger.ts'
import { hostKey, type RecordKey } from '../ledger/record-key.ts'
import type { Log } from '../log.ts'
import { RecentHosts } from './recent-hosts.ts'

export interface HostRegistryOptions {
  readonly ledger: Ledger
  readonly sessions: HostSessions
  readonly clock: Clock
  readonly log: Log
}

/** The hosts: their records in the ledger, and their sessions, which live in memory. */
export class HostRegistry {
  readonly sessions: HostSessions
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #log: Log
  /** The latest records of hosts, from when they are learned or heard until their sessions are forgotten. */
  readonly #recent = new RecentHosts()
  /** Leases, by job, and since when (monotonic) this coordinator knows of them. */
  readonly #leases = new Map<string, { readonly attempt: number; readonly since: number }>()
  readonly #startedAt: number

  constructor({ ledger, sessions, clock, log }: HostRegistryOptions) {
    this.#ledger = ledger
    this.sessions = sessions
    this.#clock = clock
    this.#log = log
    this.#startedAt = clock.monotonic()
    ledger.watch((value, _due, key) => {
      if (value.kind === 'host') this.#recent.learn(value, key as RecordKey<HostRecord>)
      if (value.kind === 'job') this.#noteLease(value)
    })
  }

  /** Takes up what the ledger knows of hosts from before the start: others may hear them all the while. */
  async load(): Promise<void> {
    let cursor: string | undefined
    do {
      const page = await this.#ledger.list({ kind: 'host' }, { limit: limits.pageMax, cursor })
      for (const value of page.values) if (value.kind === 'host') this.#recent.add(value)
      cursor = page.nextCursor
    } while (cursor !== undefined)
  }

  /** What is known by now of a host that was heard; it may have registered anew. */
  latest(host: HostRecord): HostRecord {
    return this.#recent.get(host.id) ?? host
  }

  /** Whether a live host other than this one can run what is asked for. */
  anotherCanRun(requirement: Requirement, hostId: string): boolean {
    const now = this.#clock.monotonic()
    for (const host of this.#recent.all()) {
      if (host.id !== hostId && this.sessions.isLive(host.id, now) && satisfies(host, requirement)) return true
    }
    return false
  }

  /** Adds a host, or changes what a known one offers. */
  async register(body: BodyOf<Routes['registerHost']>): Promise<HostRecord> {
    const now = this.#clock.now()
    const id = body.hostId ?? v7()
    const offer = {
      name: body.name,
      capabilities: normaliseCapabilities(body.capabilities ?? []),
      maxParallel: body.maxParallel ?? 1,
      labels: body.labels ?? {},
    }
    const { value } = await this.#ledger.change(hostKey(id), (current) =>
      write<HostRecord>({ kind: 'host', id, ...offer, registeredAt: current?.registeredAt ?? now, updatedAt: now }),
    )
    const record = value as HostRecord
    this.#log.info({ hostId: id, name: record.name, capabilities: record.capabilities }, 'host registered')
    this.#hear(record)
    return record
  }

  /**
   * The record of a host that makes a request, which counts as hearing it. Throws `not_found`: then it must register; and
   * `quorum_unreachable` when too few coordinators answer to know that.
   */
  async hear(id: string): Promise<HostRecord> {
    const record = this.#recent.get(id) ?? (await this.#ledger.read(hostKey(id)))
    if (!record) throw new ProblemError('not_found', `host ${id} is not registered`)
    this.#hear(record)
    return record
  }

  /** Notes that a host was heard, where it is not the point whether it is registered. */
  async heardFrom(id: string): Promise<void> {
    const record = this.#recent.get(id) ?? (await this.#ledger.read(hostKey(id), { locally: true }))
    if (record) this.#hear(record)
  }

  /** Drops what memory holds of hosts that were silent for longer than `silentMs`; their records stay in the ledger. */
  forget(silentMs: number): void {
    const now = this.#clock.monotonic()
    this.sessions.forget(silentMs, now)
    this.#recent.drop((id) => this.sessions.ageMs(id, now) === undefined)
  }

  /** Milliseconds for which this coordinator has known of a job's lease. No wall clock, here or elsewhere, can make it longer. */
  leaseAgeMs(job: JobRecord): number {
    const known = this.#leases.get(job.id)
    return this.#clock.monotonic() - (known?.attempt === job.attempts ? known.since : this.#startedAt)
  }

  async list(page: PageRequest): Promise<{ hosts: Host[]; nextCursor?: string }> {
    const { values, nextCursor } = await this.#ledger.list({ kind: 'host' }, page)
    const hosts = values.filter((value) => value.kind === 'host').map((record) => this.view(record))
    return { hosts, ...(nextCursor !== undefined && { nextCursor }) }
  }

  view(record: HostRecord): Host {
    const age = this.sessions.ageMs(record.id, this.#clock.monotonic())
    const lastSeenAt = age === undefined ? record.updatedAt : this.#clock.now() - age
    return {
      id: record.id,
      name: record.name,
      capabilities: record.capabilities,
      maxParallel: record.maxParallel,
      labels: record.labels,
      activeLeases: this.#ledger.counts().leases.get(record.id) ?? 0,
      lastSeenAt: new Date(lastSeenAt).toISOString(),
      registeredAt: new Date(record.registeredAt).toISOString(),
      live: this.sessions.isLive(record.id, this.#clock.monotonic()),
    }
  }

  #noteLease({ id, lease }: JobRecord): void {
    if (!lease) return void this.#leases.delete(id)
    const now = this.#clock.monotonic()
    const isNew = this.#leases.get(id)?.attempt !== lease.attempt
    if (isNew) this.#leases.set(id, { attempt: lease.attempt, since: now })
    this.sessions.expect(lease.hostId, now, isNew)
  }

  #hear(record: HostRecord): void {
    this.#recent.add(record)
    this.sessions.hear(record.id, this.#clock.monotonic())
  }
}
