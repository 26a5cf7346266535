import type { LedgerRecord, PeerMessage, ProblemError, RecordValue } from '@skyclaw/protocol'
import type { Decision } from '../core/decision.ts'

/** What one input of a turn may use and leave behind. What it leaves happens after the commit, in the order of the calls. */
export interface Step {
  /** Monotonic milliseconds. */
  readonly now: number
  /** Milliseconds since 1970. */
  readonly wall: number
  send(to: string, message: PeerMessage): void
  /** Asks another coordinator for a page of its feed; the answer comes as `takePage`, a failure as `missPage`. */
  pull(from: string, request: PullRequest): void
  after(effect: () => void): void
  /** Is called before all that leaves and before the turn is durable, so that one fsync serves what it leads to here as well. Nothing may leave by it. */
  beforeSync(effect: () => void): void
  /**
   * Says that proposals of this turn may rest on what it writes, such as a value that is chosen by being on this disk alone: they leave
   * when that is durable, and not before.
   */
  hold(): void
}

export interface PullRequest {
  readonly since: number
  readonly limit: number
  /** Keys and versions only. */
  readonly brief: boolean
}

export interface PulledRecord {
  readonly seq: number
  readonly key: string
  readonly version: LedgerRecord['version']
  /** Left out of a brief page. */
  readonly record?: LedgerRecord | undefined
}

export interface PulledPage {
  readonly request: PullRequest
  readonly records: readonly PulledRecord[]
  /** `since` of the next page. */
  readonly next: number
  readonly more: boolean
}

/** Another coordinator, as the membership sees it. */
export interface MeshMember {
  readonly instance: string
  readonly alive: boolean
  /** Whether it has caught up once, and can be a replica. */
  readonly ready: boolean
  /** Monotonic milliseconds: when it became what `alive` says; Infinity when it lives for others, and is out of reach for this coordinator. */
  readonly since: number
  /** It will never return under this instance id. */
  readonly forgotten?: boolean
}

export type MeshDecide = (current: RecordValue | null, key: string) => Decision<RecordValue>

export interface ChangeRequest {
  /**
   * An exact key; or, with `keyFor`, the base of a derived key, which several coordinators may create at once: then the key is that of
   * an existing record with that base, else `keyFor(lineage)`, where the lineage (8 hexadecimal digits) stands for the replica set.
   */
  readonly key: string
  readonly keyFor?: ((lineage: string) => string) | undefined
  /** The key is random, and made for this change: nobody else can create it. */
  readonly fresh?: boolean | undefined
  readonly decide: MeshDecide
  readonly timeoutMs?: number | undefined
  /** Milliseconds to a decision made with nobody to hear it are saved: asked before each round. */
  readonly abandoned?: (() => boolean) | undefined
  /** Called once, after a commit. */
  readonly done: (result: ChangeResult) => void
}

export type ChangeResult =
  | { readonly ok: true; readonly key: string; readonly value: RecordValue | null; readonly changed: boolean }
  | { readonly ok: false; readonly error: ProblemError | Error }

export interface FindRequest {
  readonly by: 'key' | 'base' | 'tag'
  readonly text: string
  /** Records found; accepted ones were completed first. `complete` is false when so many members did not answer that more may exist. */
  readonly done: (result: { readonly records: LedgerRecord[]; readonly complete: boolean }) => void
}

export interface MeshOptions {
  readonly self: string
  /** M now in force. */
  readonly minReplications: () => number
  readonly retentionMs: number
  /** A change that finds no quorum for so long fails; default 4,000. */
  readonly changeTimeoutMs?: number
  /** Unanswered messages are sent again after so long; default 300. */
  readonly resendMs?: number
  /** How long a question waits for every answer; default 500. */
  readonly askTimeoutMs?: number
  /** After so long, an accepted value that was not learned is looked after; default 2,000. */
  readonly orphanAfterMs?: number
  /** A replica dead for so long is replaced; default 600,000. */
  readonly repairAfterMs?: number
  /** Time between two looks at the feeds of others; default 1,000. */
  readonly antiEntropyMs?: number
  /** Changes by callers that are under way or wait for others of their record, at most; more are refused. Default 20,000. */
  readonly maxChanges?: number
  /** Records that one sweep moves or refreshes at most; default 50 a second. */
  readonly upkeepPerSecond?: number
}

export interface MeshHooks {
  /** Within the turn. `same`: only the version is new. */
  learned(step: Step, record: LedgerRecord, same: boolean): void
  /** Within the turn. Which other coordinator will probably change a value next that is proposed here. */
  heir?(value: RecordValue): string | undefined
  /** Within the turn. A value was accepted here of which the next change was left to this coordinator; it is not known yet whether it is chosen. */
  inherited?(step: Step, record: LedgerRecord): void
  /** Something that an operator should see; `message` is a sentence. */
  warn(fields: object, message: string): void
  /** Counts an event by name, for metrics and for the simulator's coverage. */
  count(event: MeshEvent): void
}

export type MeshEvent =
  | 'orphan_recovered'
  | 'seal_followed'
  | 'replica_set_moved'
  | 'gone_told'
  | 'gone_dropped'
  | 'twins_met'
  | 'twins_resolved'
  | 'twins_possible'
  | 'repeat_confirmed'
  | 'own_write_found'
  | 'leftover_used'
  | 'inheritance_used'
  | 'creation_lapsed'
  | 'refreshed'
  | 'epoch_begun'
  | 'message_refused'

export interface MeshStatus {
  /** Whether this instance has caught up once. */
  readonly ready: boolean
  /** Rounds under way. */
  readonly rounds: number
  /** Accepted values not known to be chosen. */
  readonly orphans: number
  /** From the latest whole look at the records that can change. */
  readonly belowMinimum: number
  readonly underReplicated: number
  readonly unresolvedTwins: number
  readonly twinsPossible: number
}

/**
 * The mesh core of one coordinator. Each method is one input of a turn and must be called inside it.
 *
 * Built again after a restart from what the store holds; nothing else survives.
 */
export interface Mesh {
  change(step: Step, request: ChangeRequest): void
  /** Looks for records here and at all live coordinators. */
  find(step: Step, request: FindRequest): void
  receive(step: Step, from: string, message: PeerMessage): void
  takePage(step: Step, from: string, page: PulledPage): void
  missPage(step: Step, from: string): void
  /** The other coordinators, all that are known, dead ones too. Call it when anything about them changes. */
  setMembers(step: Step, members: readonly MeshMember[]): void
  /** To be called every 50 ms or so, and every half second while it is quiet. */
  tick(step: Step): void
  /** Whether nothing is under way that waits for a tick. */
  readonly isQuiet: boolean
  /** Takes over known values by their versions; says how many were news. */
  merge(step: Step, records: readonly LedgerRecord[]): number
  /** Begins a new epoch of a known record whose replica set has no quorum left, on the coordinators that live now. */
  adopt(step: Step, key: string, done: (result: ChangeResult) => void): void
  /** This coordinator's place among those who may act on a record: 0 goes first. */
  rank(record: LedgerRecord): number
  /** The live coordinators that may act on a record, by instance id, each at its place. */
  order(record: LedgerRecord): string[]
  status(): MeshStatus
}
