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
import { uuidv7 } from 'uuidv7'
import type { Clock } from '../clock.ts'
import { type Decision, write } from '../core/decision.ts'
import type { KnownHost } from '../core/explain.ts'
import { drain, hostState, pause, resume, takesJobs, wishOf } from '../core/host-state.ts'
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
  /** What operators want of hosts, and since when (monotonic) this coordinator knows of it. */
  readonly #wishes = new Map<string, { readonly wish: string; readonly since: number }>()
  readonly #startedAt: number

  constructor({ ledger, sessions, clock, log }: HostRegistryOptions) {
    this.#ledger = ledger
    this.sessions = sessions
    this.#clock = clock
    this.#log = log
    this.#startedAt = clock.monotonic()
    ledger.watch((value, key) => {
      if (value.kind === 'host') {
        this.#recent.learn(value, key as RecordKey<HostRecord>)
        this.#noteWish(this.latest(value))
      }
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

  /** Whether a live host other than this one takes what is asked for. */
  anotherCanRun(requirement: Requirement, hostId: string): boolean {
    const now = this.#clock.monotonic()
    for (const host of this.#recent.all()) {
      if (host.id !== hostId && this.sessions.isLive(host.id, now) && takes(host, requirement)) return true
    }
    return false
  }

  /** Whether the host, as it is known by now, is to be given jobs at all. */
  takesJobs(host: HostRecord): boolean {
    return takesJobs(this.latest(host))
  }

  /** Whether the host, as it is known by now, is to be given what is asked for. */
  takes(host: HostRecord, requirement: Requirement): boolean {
    return takes(this.latest(host), requirement)
  }

  /** Adds a host, or changes what a known one offers. */
  async register(body: BodyOf<Routes['registerHost']>): Promise<HostRecord> {
    const now = this.#clock.now()
    const id = body.hostId ?? uuidv7()
    const offer = {
      name: body.name,
      capabilities: normaliseCapabilities(body.capabilities ?? []),
      maxParallel: body.maxParallel ?? 1,
      labels: body.labels ?? {},
    }
    const { value } = await this.#ledger.change(hostKey(id), (current) => {
      const kept = current?.wanted && { wanted: current.wanted }
      const registeredAt = current?.registeredAt ?? now
      return write<HostRecord>({ kind: 'host', id, ...offer, registeredAt, updatedAt: now, ...kept })
    })
    const record = value as HostRecord
    this.#log.info({ hostId: id, name: record.name, capabilities: record.capabilities }, 'host registered')
    this.#hear(record)
    return record
  }

  /** Has the host take no more jobs. Throws `not_found`, as do the other two. */
  async pause(id: string): Promise<HostRecord> {
    return this.#want(id, (current) => pause(current, id, this.#clock.now()))
  }

  /** Has the host take no more jobs and, after `deadlineMs`, hand back what still runs. */
  async drain(id: string, deadlineMs?: number): Promise<HostRecord> {
    return this.#want(id, (current) => drain(current, id, { now: this.#clock.now(), deadlineMs }))
  }

  /** Has the host take jobs again. */
  async resume(id: string): Promise<HostRecord> {
    return this.#want(id, (current) => resume(current, id, this.#clock.now()))
  }

  /** The record of a host. Throws `not_found`, and `quorum_unreachable` when too few coordinators answer to know that. */
  async record(id: string): Promise<HostRecord> {
    const record = this.#recent.get(id) ?? (await this.#ledger.read(hostKey(id)))
    if (!record) throw new ProblemError('not_found', `host ${id} is not registered`)
    return record
  }

  /**
   * The record of a host that makes a request, which counts as hearing it. Throws `not_found`: then it must register; and
   * `quorum_unreachable` when too few coordinators answer to know that.
   */
  async hear(id: string): Promise<HostRecord> {
    const record = await this.record(id)
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
    for (const id of this.#wishes.keys()) if (!this.#recent.get(id)) this.#wishes.delete(id)
  }

  /**
   * Milliseconds that are left of a draining host's deadline; undefined when it has none. They count from when this coordinator knew of
   * it: no wall clock that is ahead shortens them. One that was started meanwhile gives them anew, and the host keeps to what it was
   * told first.
   */
  deadlineMs(record: HostRecord): number | undefined {
    const deadlineMs = record.wanted?.deadlineMs
    return deadlineMs && Math.max(0, Math.round(deadlineMs - (this.#clock.monotonic() - this.#noteWish(record))))
  }

  /** Whether memory holds a host: it was heard or learned of since hosts like it were forgotten last. */
  remembers(id: string): boolean {
    return this.#recent.get(id) !== undefined
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

  /** Up to so many hosts, newest first, with what is known of them here. */
  async known(maxHosts: number): Promise<KnownHost[]> {
    const hosts = new Map<string, KnownHost>()
    const { leases } = this.#ledger.counts()
    let cursor: string | undefined
    do {
      const page = await this.#ledger.list({ kind: 'host' }, { limit: limits.pageMax, cursor })
      for (const value of page.values) {
        if (value.kind !== 'host') continue
        const live = this.sessions.isLive(value.id, this.#clock.monotonic())
        hosts.set(value.id, { record: this.latest(value), live, leases: leases.get(value.id) ?? 0 })
      }
      cursor = page.nextCursor
    } while (cursor !== undefined && hosts.size < maxHosts)
    return [...hosts.values()]
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
      state: hostState(record, this.#ledger.counts().leases.get(record.id) ?? 0),
      live: this.sessions.isLive(record.id, this.#clock.monotonic()),
    }
  }

  async #want(id: string, decide: (current: HostRecord | null) => Decision<HostRecord>): Promise<HostRecord> {
    const { value, changed } = await this.#ledger.change(hostKey(id), decide)
    const record = value as HostRecord
    if (changed) this.#log.info({ hostId: id, wanted: record.wanted?.state ?? 'active' }, 'host is wanted otherwise')
    return record
  }

  /** Notes what is wanted of a host, if anything. Answers since when (monotonic) that is known here. */
  #noteWish(record: HostRecord): number {
    const now = this.#clock.monotonic()
    const wish = wishOf(record)
    const known = this.#wishes.get(record.id)
    if (known?.wish === wish) return known.since
    if (record.wanted) this.#wishes.set(record.id, { wish, since: now })
    else this.#wishes.delete(record.id)
    return now
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

function takes(host: HostRecord, requirement: Requirement): boolean {
  return takesJobs(host) && satisfies(host, requirement)
}
