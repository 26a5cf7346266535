/**
 * The port through which everything above it reads and changes shared state.
 *
 * All shared state is a set of records: a key and a value. A record changes in one way only, `change(key, decide)`: `decide` is pure
 * and may run several times; what it returned last, against the value that was really current, becomes the value, and the caller is
 * answered only after that is durable. `claim` does the same for the best of the queued jobs. What implements this port says how many
 * coordinators must have a change on disk before it is acknowledged; what uses it need not know that there are others.
 *
 * Every implementation passes the suite in conformance.ts.
 */
import type { Durability, JobStatus, LedgerRecord, RecordValue, Requirement } from '@skyclaw/protocol'
import type { Decision } from '../core/decision.ts'
import type { RecordKey } from './record-key.ts'

export type Decide<V> = (current: V | null) => Decision<V>

export interface Change<V> {
  /** The value that stands now. */
  readonly value: V | null
  /** False when `decide` kept what was there. */
  readonly changed: boolean
}

export interface ChangeOptions {
  /** Gives the change up, with an AbortError, while it still waits to be tried. */
  readonly signal?: AbortSignal | undefined
}

/** Which queued records a claim may take. */
export interface ClaimMatch<V> {
  readonly accepts: (requirement: Requirement) => boolean
  /** Milliseconds since 1970 until which a record is kept from this claim, 0 for not at all. */
  readonly withheldUntil?: (value: V) => number
}

export interface Claimed<V> {
  readonly values: V[]
  /** When nothing was taken because all that fits is withheld for now: the first time at which that ends. */
  readonly tryAgainAt?: number
}

export interface ListFilter {
  readonly kind: RecordValue['kind']
  readonly status?: JobStatus | undefined
  /** The host that holds the lease. */
  readonly hostId?: string | undefined
}

export interface PageRequest {
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface Page<V> {
  readonly values: V[]
  readonly nextCursor?: string
}

export interface Counts {
  readonly jobs: Readonly<Record<JobStatus, number>>
  /** Hosts that hold leases, and how many. */
  readonly leases: ReadonlyMap<string, number>
}

export interface FeedPage {
  readonly records: (LedgerRecord & { readonly seq: number })[]
  /** `since` of the next page. */
  readonly next: number
  readonly more: boolean
}

/** `due` says that the record is queued and its time has come. */
export type Listener = (value: RecordValue, due: boolean) => void

export interface Ledger {
  /** What an acknowledged change can rely on. */
  readonly durability: Durability

  /**
   * Atomic read-modify-write. Rejects with the ProblemError that `decide` refused with, or with `insufficient_replicas` (nothing was
   * written) or `quorum_unreachable` (the change may or may not have happened).
   */
  change<V extends RecordValue>(key: RecordKey<V>, decide: Decide<V>, options?: ChangeOptions): Promise<Change<V>>

  /** Changes up to `limit` of the best due records that match; one that `decide` refuses is skipped. A claim given up takes nothing. */
  claim<V extends RecordValue>(
    match: ClaimMatch<V>,
    decide: Decide<V>,
    limit: number,
    options?: ChangeOptions,
  ): Promise<Claimed<V>>

  /** The last value known; with `consistent`, one that has every change acknowledged before the call. */
  read<V extends RecordValue>(key: RecordKey<V>, options?: { consistent?: boolean }): Promise<V | null>

  /** A page of what is known locally, newest first. A page also ends when it grows large. Rejects with `invalid_request` for a foreign cursor. */
  list(filter: ListFilter, page: PageRequest): Promise<Page<RecordValue>>

  /** From local knowledge. */
  counts(): Counts

  /** Calls the listener after each record that this coordinator learns, and when a scheduled record is due. Answers how to stop. */
  watch(listener: Listener): () => void

  /** Records in the order in which this coordinator learned them, each once. */
  feed(since: number, limit: number): Promise<FeedPage>

  /** Takes over versions of records that are newer than the known ones; says how many. What is known to have ended stays as it is. */
  merge(records: readonly LedgerRecord[]): Promise<number>

  /** Drops records that ended before a time (milliseconds since 1970), at most `limit`; says how many. */
  prune(before: number, limit: number): Promise<number>

  /** A number larger than any that it gave before, for a new record: orders what shares a millisecond. */
  nextSequence(now: number): number

  /** Finishes what waits, then refuses. */
  close(): Promise<void>
}
