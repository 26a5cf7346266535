/**
 * The port through which everything above it reads and changes shared state.
 *
 * All shared state is a set of records: a key and a value. A record changes in one way only, `change(key, decide)`: `decide` is pure
 * and may run several times; what it returned last, against the value that was really current, becomes the value, and the caller is
 * answered only after that is durable. `claim` does the same for the best of the queued jobs. What implements this port says how many
 * coordinators must have a change on disk before it is acknowledged; what uses it need not know that there are others.
 *
 * A record's key is either random (`fresh`: whoever made the key creates the record, and nobody else can), or derived from what it
 * stands for, which several coordinators may do at once. Such a key has a base that all of them know and an end that says who agreed
 * on the record, so callers name it by its base. Two coordinators that do not see each other can make two records of one base, twins;
 * of those, all see the same one as the one that counts.
 *
 * Every implementation passes the suite in conformance.ts.
 */
import type { Durability, JobRecord, JobStatus, LedgerRecord, RecordValue, Requirement } from '@skyclaw/protocol'
import type { Decision } from '../core/decision.ts'
import type { MayReturn } from './adoption.ts'
import type { BaseKey, RecordKey, Tag } from './record-key.ts'

/** Pure. `key` is the actual key of the record, which of a derived one only the ledger knows. */
export type Decide<V extends RecordValue> = (current: V | null, key: RecordKey<V>) => Decision<V>

/** A record by its exact key or by the base of its key. */
export type KeyOrBase<V extends RecordValue> = RecordKey<V> | BaseKey<V>

export interface Change<V extends RecordValue> {
  readonly key: RecordKey<V>
  /** The value that stands now. */
  readonly value: V | null
  /** False when `decide` kept what was there. */
  readonly changed: boolean
}

export interface ChangeOptions {
  /** Gives the change up, with an AbortError, while it still waits to be tried. */
  readonly signal?: AbortSignal | undefined
}

export interface CreateOptions extends ChangeOptions {
  /**
   * The exact key is random and was made for this change, so that the record is created here or nowhere. Under other exact keys nothing
   * is created: there `decide` must keep or refuse what is not there.
   */
  readonly fresh?: boolean | undefined
}

/** One change of many. */
export interface ChangeRequest<V extends RecordValue> extends Pick<CreateOptions, 'fresh'> {
  readonly key: KeyOrBase<V>
  readonly decide: Decide<V>
}

/** What became of it; `error` is what `change` would have rejected with. */
export type ChangeOutcome<V extends RecordValue> =
  | ({ readonly ok: true } & Change<V>)
  | { readonly ok: false; readonly error: Error }

export interface ReadOptions {
  /** Has every change acknowledged before the call: asks a quorum. */
  readonly consistent?: boolean | undefined
  /** Only what is known here: null for what is not, and nobody is asked. */
  readonly locally?: boolean | undefined
}

export interface FindOptions {
  /** Asks the other coordinators too, and waits for them for a moment; those that do not answer may know of more. */
  readonly thorough?: boolean | undefined
}

export interface MergeOptions {
  /** The records are a backup: those on which no quorum can agree any more are taken over by the coordinators that live now. */
  readonly restore?: boolean | undefined
}

export interface Merged {
  /** Records that were news. */
  readonly changed: number
  /** Records that were taken over. */
  readonly adopted: number
}

/** Which queued records a claim may take. */
export interface ClaimMatch<V> {
  readonly accepts: (requirement: Requirement) => boolean
  /** Milliseconds since 1970 until which a record is kept from this claim, 0 for not at all. */
  readonly withheldUntil?: (value: V) => number
}

export interface Claimed<V> {
  readonly values: V[]
  /**
   * When nothing was taken though something fits, because it is withheld for now, others go first, or no quorum answered: the first
   * time (milliseconds since 1970) at which another try makes sense.
   */
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

/** A record by name and version only. */
export interface BriefRecord extends Pick<LedgerRecord, 'key' | 'version'> {
  readonly seq: number
}

export type FeedRecord = LedgerRecord & { readonly seq: number }

export interface FeedPage<R extends BriefRecord = FeedRecord> {
  readonly records: R[]
  /** `since` of the next page. */
  readonly next: number
  readonly more: boolean
}

export type Listener = (value: RecordValue, key: RecordKey<RecordValue>) => void
export type DueListener = (job: JobRecord) => void
export type Wants = (requirement: Requirement) => boolean

export interface Ledger {
  /** What a change acknowledged now can rely on; follows the coordinators that are live. */
  readonly durability: Durability

  /**
   * Atomic read-modify-write. Rejects with the ProblemError that `decide` refused with, with `insufficient_replicas` (nothing was
   * written), or with `quorum_unreachable`, whose `outcome` says whether the change may have happened. That is also what a change of
   * an exact key that nobody knows comes to when so many coordinators are silent that they may know it.
   */
  change<V extends RecordValue>(key: KeyOrBase<V>, decide: Decide<V>, options?: CreateOptions): Promise<Change<V>>

  /**
   * Many changes at once, each by itself as by `change`: one that fails holds up no other. Outcomes stand in the order of the changes.
   * Rejects only with what ends the coordinator.
   */
  changeMany<V extends RecordValue>(changes: readonly ChangeRequest<V>[]): Promise<ChangeOutcome<V>[]>

  /**
   * Changes up to `limit` of the best due records that match; one that `decide` refuses, or that somebody else takes first, is skipped
   * for the next. When no quorum can be had, nothing is taken: that is no error, and `tryAgainAt` says when to come again. A claim
   * given up takes nothing.
   */
  claim<V extends RecordValue>(
    match: ClaimMatch<V>,
    decide: Decide<V>,
    limit: number,
    options?: ChangeOptions,
  ): Promise<Claimed<V>>

  /**
   * The last value known; what is not known here, the other coordinators are asked for. Rejects with `quorum_unreachable` when so many
   * of them are silent that the record may exist all the same, or, `consistent`, when no quorum answers.
   */
  read<V extends RecordValue>(key: KeyOrBase<V>, options?: ReadOptions): Promise<V | null>

  /** The records whose latest value bears the tag, each in that value. */
  find<V extends RecordValue>(tag: Tag<V>, options?: FindOptions): Promise<V[]>

  /** This coordinator's place among those who may act on a record of their own accord, 0 first; 0 too for what is not known here. */
  rank(key: RecordKey<RecordValue>): number

  /** A page of what is known locally, newest first. A page also ends when it grows large. Rejects with `invalid_request` for a foreign cursor. */
  list(filter: ListFilter, page: PageRequest): Promise<Page<RecordValue>>

  /** From local knowledge. */
  counts(): Counts

  /** Calls the listener after each record that this coordinator learns with a new value. Answers how to stop. */
  watch(listener: Listener): () => void

  /**
   * Calls the listener for each job that is queued, whose time has come, and that it is this coordinator's turn to claim, when all of
   * that has become true. The job may not be durable yet, nor known to be chosen: it may be claimed, and told to nobody before. `wants`
   * says whether somebody waits for a job with such a requirement just now. Answers how to stop.
   */
  watchDue(listener: DueListener, wants?: Wants): () => void

  /** Records in the order in which this coordinator learned them, each once; `brief` leaves out all but their versions. */
  feed(since: number, limit: number, options?: { readonly brief?: false | undefined }): Promise<FeedPage>
  feed(since: number, limit: number, options: { readonly brief: boolean | undefined }): Promise<FeedPage<BriefRecord>>

  /** Takes over versions of records that are newer than the known ones. What is known to have ended stays as it is. */
  merge(records: readonly LedgerRecord[], options?: MergeOptions): Promise<Merged>

  /**
   * How many records of those that can still change, and that `keeper` keeps, no quorum could agree on any more: of those that keep one,
   * too few `mayReturn`. Looks at all that is known here, a page at a time.
   */
  countStranded(keeper: string, mayReturn: MayReturn): Promise<number>

  /**
   * Takes over all records of which too few that keep them `mayReturn`: they go on, on the coordinators that live now, from the latest
   * value that any of these knows. Says how many. Rejects with what kept some of them from it; the same again goes on from there.
   */
  adoptStranded(mayReturn: MayReturn): Promise<number>

  /** Drops records that ended before a time (milliseconds since 1970), at most `limit`; says how many. */
  prune(before: number, limit: number): Promise<number>

  /** A number larger than any that it gave before, for a new record: orders what shares a millisecond. */
  nextSequence(now: number): number

  /** Finishes what is under way, then refuses. */
  close(): Promise<void>
}
