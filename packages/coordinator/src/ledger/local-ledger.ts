/**
 * The ledger of a replica set of one: the known values of this coordinator's own store are the truth, and a change is chosen when the
 * turn that made it is on disk.
 *
 * Every change is an input of a turn (group commit): it reads the row, lets `decide` run, writes the new row, and is answered after the
 * commit. Within a turn inputs run one after the other, so nothing is ever decided against a stale value. Versions count up in the
 * ballot of the one instance, which is how these records take their place among those of a mesh.
 */
import {
  type Durability,
  type JobRecord,
  type LedgerRecord,
  limits,
  ProblemError,
  type RecordValue,
} from '@skyclaw/protocol'
import { type RecordRow, type Store, type Turn, type Turns, TurnsBusy, TurnsClosed } from '@skyclaw/store'
import type { Clock } from '../clock.ts'
import { candidates } from './candidates.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type * as port from './ledger.ts'
import { prepareQueries, type Queries } from './queries.ts'
import { QueueIndex } from './queue-index.ts'
import { toFeedRecord, toRow, toValue, toVersion } from './record-index.ts'
import type { RecordKey } from './record-key.ts'
import { ScheduleTimer } from './schedule-timer.ts'
import { compareVersions } from './version.ts'

export interface LocalLedgerOptions {
  readonly store: Store
  readonly turns: Turns
  readonly clock: Clock
  /** Coordinators that must have a change on disk before it is acknowledged. Above 1, a lone coordinator refuses changes. */
  readonly minReplications: number
}

/** Scheduled records that become due in one turn. */
const promotedPerTurn = 500

/** A merged record may name any sequence number; one from further in the future than this is not counted on from. */
const maxSequenceLeadMs = 86_400_000

export class LocalLedger implements port.Ledger {
  readonly durability: Durability
  readonly #store: Store
  readonly #turns: Turns
  readonly #clock: Clock
  readonly #minReplications: number
  readonly #queries: Queries
  readonly #queue = new QueueIndex()
  readonly #listeners = new Set<port.Listener>()
  readonly #schedule: ScheduleTimer
  #feedSeq: number
  #sequence: number

  constructor(options: LocalLedgerOptions) {
    this.#store = options.store
    this.#turns = options.turns
    this.#clock = options.clock
    this.#minReplications = options.minReplications
    this.durability = { replicas: 1, minimum: 1, standalone: true }
    this.#queries = prepareQueries(options.store.db)
    const counters = this.#queries.counters()
    this.#feedSeq = counters.feedSeq
    this.#sequence = Math.min(counters.sequence, sequenceAt(options.clock.now() + maxSequenceLeadMs))
    this.#queries.loadQueue(this.#queue)
    this.#schedule = new ScheduleTimer(options.clock, () => this.#turns.run((turn) => this.#promoteDue(turn)))
    this.#schedule.at(this.#queries.nextRunAt())
  }

  async change<V extends RecordValue>(
    key: RecordKey<V>,
    decide: port.Decide<V>,
    options: port.ChangeOptions = {},
  ): Promise<port.Change<V>> {
    this.#assertWritable()
    return this.#run((turn) => {
      options.signal?.throwIfAborted()
      const row = this.#queries.get(key)
      const current = row ? (toValue(row) as V) : null
      const decision = decide(current)
      if (decision.kind === 'refuse') throw decision.error
      if (decision.kind === 'keep') return { value: current, changed: false }
      this.#write(turn, this.#successor(key, row, decision.value), row)
      return { value: decision.value, changed: true }
    })
  }

  async claim<V extends RecordValue>(
    match: port.ClaimMatch<V>,
    decide: port.Decide<V>,
    limit: number,
    options: port.ChangeOptions = {},
  ): Promise<port.Claimed<V>> {
    this.#assertWritable()
    return this.#run((turn) => {
      const values: V[] = []
      let tryAgainAt = Number.POSITIVE_INFINITY
      const now = this.#clock.now()
      if (this.#schedule.isDue()) this.#promoteDue(turn)
      const keys = options.signal?.aborted ? [] : this.#queue.keysFor(match.accepts)
      for (const key of candidates(keys, limit, this.#queries.due)) {
        if (values.length === limit) break
        const row = this.#queries.get(key)!
        const current = toValue(row) as V
        const withheldUntil = match.withheldUntil?.(current) ?? 0
        if (withheldUntil > now) {
          tryAgainAt = Math.min(tryAgainAt, withheldUntil)
          continue
        }
        const decision = decide(current)
        if (decision.kind !== 'write') continue
        this.#write(turn, this.#successor(key, row, decision.value), row)
        values.push(decision.value)
      }
      const wait = values.length === 0 && Number.isFinite(tryAgainAt)
      return { values, ...(wait && { tryAgainAt }) }
    })
  }

  async read<V extends RecordValue>(key: RecordKey<V>): Promise<V | null> {
    const row = this.#queries.get(key)
    return row ? (toValue(row) as V) : null
  }

  async list(filter: port.ListFilter, { limit, cursor }: port.PageRequest): Promise<port.Page<RecordValue>> {
    const position = cursor === undefined ? undefined : decodeCursor(cursor)
    const values: RecordValue[] = []
    let last: RecordRow | undefined
    let bytes = 0
    for (const row of this.#queries.list(filter, position, limit + 1)) {
      if (last && (values.length === limit || bytes + row.value.length > limits.pageBytes)) {
        return { values, nextCursor: encodeCursor(last) }
      }
      values.push(toValue(row))
      bytes += row.value.length
      last = row
    }
    return { values }
  }

  counts(): port.Counts {
    return this.#queue.counts()
  }

  watch(listener: port.Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async feed(since: number, limit: number): Promise<port.FeedPage> {
    const records: (LedgerRecord & { seq: number })[] = []
    let bytes = 0
    let more = false
    for (const row of this.#queries.feed(since, limit + 1)) {
      bytes += row.value.length
      more = records.length === limit || (records.length > 0 && bytes > limits.pageBytes)
      if (more) break
      records.push(toFeedRecord(row))
    }
    return { records, next: records.at(-1)?.seq ?? since, more }
  }

  async merge(records: readonly LedgerRecord[]): Promise<number> {
    return this.#run((turn) => {
      let changed = 0
      for (const record of records) {
        const row = this.#queries.get(record.key)
        const final = row !== undefined && row.finishedAt !== null
        if (final || (row && compareVersions(record.version, toVersion(row)) <= 0)) continue
        this.#write(turn, record, row)
        changed += 1
      }
      return changed
    })
  }

  async prune(before: number, limit: number): Promise<number> {
    return this.#run((turn) => {
      const pruned = this.#queries.prune(before, limit)
      if (pruned.length === 0) return 0
      turn.wrote()
      // What bears the last number of the feed may be gone now, and no number may be given twice.
      this.#queries.saveFeedSeq(this.#feedSeq)
      for (const { status } of pruned) if (status !== null) this.#queue.addStatus(status, -1)
      return pruned.length
    })
  }

  nextSequence(now: number): number {
    this.#sequence = Math.max(this.#sequence + 1, sequenceAt(now))
    return this.#sequence
  }

  async close(): Promise<void> {
    this.#schedule.stop()
    await this.#turns.close()
  }

  /** One input of a turn. What the turns refuse is a problem like any other to those who use the port. */
  async #run<T>(work: (turn: Turn) => T): Promise<T> {
    try {
      return await this.#turns.run(work)
    } catch (error) {
      if (error instanceof TurnsBusy) throw new ProblemError('too_busy', error.message, { outcome: 'not_applied' })
      if (!(error instanceof TurnsClosed)) throw error
      throw new ProblemError('shutting_down', 'the coordinator is closing', { outcome: 'not_applied' })
    }
  }

  #assertWritable(): void {
    if (this.#minReplications <= 1) return
    throw new ProblemError(
      'insufficient_replicas',
      `a change needs ${this.#minReplications} coordinators, and 1 is live; nothing was written`,
      { outcome: 'not_applied' },
    )
  }

  #successor(key: string, row: RecordRow | undefined, value: RecordValue): LedgerRecord {
    const ballot = { n: (row?.ballotN ?? 0) + 1, node: this.#store.instanceId }
    const set = { replicas: [this.#store.instanceId], m: 1 }
    return { key, version: { generation: row?.generation ?? 0, ballot }, set, writtenAt: this.#clock.now(), value }
  }

  #write(turn: Turn, record: LedgerRecord, before: RecordRow | undefined): void {
    this.#feedSeq += 1
    const row = toRow(record, this.#feedSeq, this.#clock.now())
    this.#queries.put(row)
    turn.wrote()
    this.#queue.replace(before, row, () => jobOf(record.value).requirement)
    turn.afterCommit(() => {
      if (row.due === 0) this.#schedule.at(row.runAt)
      this.#notify(record.value, row.due === 1)
    })
  }

  /** Marks scheduled records whose time has come as due, and announces them. */
  #promoteDue(turn: Turn): void {
    const promoted = this.#queries.promoteDue(this.#clock.now(), promotedPerTurn)
    if (promoted.length > 0) turn.wrote()
    for (const { key } of promoted) {
      const value = jobOf(toValue(this.#queries.get(key)!))
      this.#queue.addDue(value.requirementKey, 1, () => value.requirement)
      turn.afterCommit(() => this.#notify(value, true))
    }
    this.#schedule.reset(this.#queries.nextRunAt())
  }

  #notify(value: RecordValue, due: boolean): void {
    for (const listener of this.#listeners) listener(value, due)
  }
}

/** Sequence numbers have room for a thousand records in a millisecond, and follow the clock. */
function sequenceAt(now: number): number {
  return now * 1_000
}

function jobOf(value: RecordValue): JobRecord {
  if (value.kind !== 'job') throw new Error(`a ${value.kind} is never queued`)
  return value
}
