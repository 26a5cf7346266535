import type { LedgerRecord } from '@skyclaw/protocol'
import {
  type DueRecord,
  type Promoted,
  readCounters,
  type RecordHead,
  type Store,
  type WriteBuffer,
} from '@skyclaw/store'
import type { KnownHead, MeshCounter, MeshStore, Register, Standing } from '../mesh/store.ts'
import { compareBallots, compareTerms } from '../mesh/version.ts'
import { BaseIndex } from './base-index.ts'
import { heldFromRows, heldNothing, type HeldRecord } from './held-record.ts'
import { HeldRecords } from './held-records.ts'
import { toHead, toKnownHead, toVersion } from './record-index.ts'
import { prepareMeshQueries } from './mesh-queries.ts'
import { writeHeld } from './write-held.ts'

/** Told, within the turn, of each change of the known records: the row before, the row now, and the record now. */
export type OnKnown = (
  before: RecordHead | undefined,
  now: RecordHead | undefined,
  record: LedgerRecord | undefined,
) => void

export interface SqliteMeshStoreOptions {
  readonly store: Store
  /** Milliseconds since 1970, by which a queued job is due. */
  readonly now: () => number
  readonly onKnown?: OnKnown | undefined
}

/** Text of known values that is kept parsed at most. */
const cachedChars = 8 * 1_048_576

/**
 * The registers and known values of one coordinator, in its own database. What a turn writes waits in memory for the turn's end and is
 * then written row by row, each once, before the commit (the store's write buffers); questions that only the database can answer write it
 * before. Else everything is in the database; what is kept in memory beside it, the last number of the feed and the rows used last,
 * `reload` reads again: so one store outlives any number of mesh cores.
 */
export class SqliteMeshStore implements MeshStore, WriteBuffer {
  /** Writes that were put off so far. */
  count = 0
  /** Without those that only note what was chosen: whoever asks a quorum learns it again. */
  lasting = 0
  written = 0
  readonly #store: Store
  readonly #now: () => number
  readonly #onKnown: OnKnown | undefined
  readonly #queries: ReturnType<typeof prepareMeshQueries>
  readonly #held = new HeldRecords(cachedChars)
  readonly #bases: BaseIndex
  #feedSeq = 0
  readonly #totalChanges: () => number
  /** The count at the last flush. */
  #flushed = 0

  constructor({ store, now, onKnown }: SqliteMeshStoreOptions) {
    this.#store = store
    this.#now = now
    this.#onKnown = onKnown
    this.#queries = prepareMeshQueries(store.db)
    const changes = store.sqlite.prepare('select total_changes()').pluck()
    this.#totalChanges = () => Number(changes.get())
    this.#bases = new BaseIndex({
      now,
      list: (from, to, limit) => {
        this.flush()
        return this.#queries.listKeysBetween(from, to, limit)
      },
    })
    store.buffers.attach(this)
    this.reload()
  }

  /** To be called when a transaction was rolled back, or the database was changed by other means. */
  reload(): void {
    this.#feedSeq = readCounters(this.#store.db).feedSeq
    this.#held.clear()
    this.#bases.clear()
  }

  /** Writes what this turn has changed so far. */
  flush(): void {
    if (this.#flushed === this.count) return
    this.#flushed = this.count
    const before = this.#totalChanges()
    this.#held.takeChanged((held) => writeHeld(this.#queries, held))
    this.written += this.#totalChanges() - before
  }

  /** The last number given in the feed. */
  get feedSeq(): number {
    return this.#feedSeq
  }

  begin(key: string): void {
    this.#held.get(key, heldNothing)
  }

  register(key: string): Register | undefined {
    return this.#get(key).register
  }

  putRegister(register: Register, unlearned: boolean): void {
    const held = this.#get(register.key)
    if (!holdsSame(held.register, register)) this.lasting += 1
    held.register = register
    held.unlearned = unlearned
    held.registerChanged = true
    this.#change(held)
  }

  dropRegister(key: string): void {
    const held = this.#get(key)
    if (!held.register) return
    held.register = undefined
    held.unlearned = false
    held.registerChanged = true
    this.#change(held)
  }

  known(key: string): LedgerRecord | undefined {
    return this.#get(key).known
  }

  standing(key: string): Standing | undefined {
    const held = this.#held.peek(key)
    if (!held && this.#bases.lacks(key)) return undefined
    const row = held ? held.head : this.#queries.getStanding(key)
    return row && { version: toVersion(row), isFinal: row.finishedAt !== null, writtenAt: row.writtenAt }
  }

  putKnown(record: LedgerRecord): void {
    const held = this.#get(record.key)
    const before = held.head
    this.#feedSeq += 1
    const head = toHead(record, this.#feedSeq, this.#now())
    const text = JSON.stringify(record.value)
    held.known = record
    held.head = head
    held.unwritten = text
    held.recordChanged = true
    this.#change(held, text.length + held.registerChars)
    this.#onKnown?.(before, head, record)
  }

  dropKnown(key: string): void {
    const held = this.#get(key)
    const before = held.head
    if (!before) return
    held.known = held.head = held.unwritten = undefined
    held.recordChanged = true
    this.lasting += 1
    this.#change(held, held.registerChars)
    this.#dropped([before])
  }

  /** Drops records that ended before a time (milliseconds since 1970), with their registers, at most `limit`; says how many. */
  pruneFinished(before: number, limit: number): number {
    this.flush()
    const rows = this.#queries.pruneRecords(before, limit)
    for (const { key } of rows) {
      this.#queries.dropRegister(key)
      this.#held.drop(key)
      this.#bases.set(key, 'nothing')
    }
    if (rows.length > 0) this.#dropped(rows)
    return rows.length
  }

  /** Marks records whose time has come by now (milliseconds since 1970) as due, at most `limit`; answers which. */
  promoteDue(now: number, limit: number): Promoted[] {
    this.flush()
    const promoted = this.#queries.promoteDue(now, limit)
    for (const { key } of promoted) this.#held.drop(key)
    return promoted
  }

  /** The best due records of a requirement key, as far as it is known by now. */
  due(requirementKey: string, limit: number): DueRecord[] {
    this.flush()
    return this.#queries.due(requirementKey, limit)
  }

  keysWithBase(base: string, limit: number): string[] {
    const kept = this.#bases.keys(base)
    if (kept) return kept.slice(0, limit)
    this.flush()
    return this.#queries.findKeysByBase(base, limit)
  }

  keysWithTag(tag: string, limit: number): string[] {
    this.flush()
    return this.#queries.findKeysByTag(tag, limit)
  }

  unlearned(after: string, limit: number): string[] {
    this.flush()
    return this.#queries.listUnlearned(after, limit)
  }

  changeable(after: string, limit: number): KnownHead[] {
    this.flush()
    return this.#queries.listChangeable(after, limit).map(toKnownHead)
  }

  pruneRegisters(before: number, limit: number): number {
    this.flush()
    const pruned = this.#queries.pruneRegisters(before, limit)
    if (pruned > 0) {
      this.#held.clear()
      this.#bases.clear()
    }
    return pruned
  }

  counter(name: MeshCounter): number {
    return this.#queries.counters.read(name)
  }

  saveCounter(name: MeshCounter, value: number): void {
    this.lasting += 1
    this.#queries.counters.save(name, value)
  }

  feedCursor(instance: string): number {
    return this.#queries.members.feedCursor(instance)
  }

  saveFeedCursor(instance: string, seq: number): void {
    this.lasting += 1
    this.#queries.members.saveFeedCursor({ instance, feedCursor: seq, now: this.#now() })
  }

  #get(key: string): HeldRecord {
    return this.#held.get(key, this.#load)
  }

  readonly #load = (key: string): HeldRecord => {
    if (this.#bases.lacks(key)) return heldNothing(key)
    return heldFromRows(key, this.#queries.getRecord(key), this.#queries.getRegister(key))
  }

  #change(held: HeldRecord, chars?: number): void {
    this.count += 1
    this.#held.change(held, chars)
    const value = held.known ?? held.register?.accepted
    const holding = value ? 'value' : held.register ? 'promise' : 'nothing'
    if (holding !== held.holding) this.#bases.set(held.key, holding)
    held.holding = holding
  }

  #dropped(rows: readonly RecordHead[]): void {
    // What bears the last number of the feed may be gone now, and no number may be given twice.
    this.#queries.saveFeedSeq(this.#feedSeq)
    for (const row of rows) this.#onKnown?.(row, undefined, undefined)
  }
}

/** Whether two states of a register have promised and accepted the same. */
function holdsSame(before: Register | undefined, now: Register): boolean {
  if (!before || compareTerms(before, now) !== 0) return false
  return compareBallots(before.promised, now.promised) === 0 && compareBallots(before.accepted, now.accepted) === 0
}
