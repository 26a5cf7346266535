import type { LedgerRecord } from '@skyclaw/protocol'
import {
  prepareCounters,
  prepareDropRecord,
  prepareDropRegister,
  prepareFindKeysByBase,
  prepareFindKeysByTag,
  prepareGetRecord,
  prepareGetRecordHead,
  prepareGetRegister,
  prepareListChangeable,
  prepareListUnlearned,
  prepareMembers,
  preparePruneRecords,
  preparePruneRegisters,
  preparePutRecord,
  preparePutRegister,
  prepareSaveFeedSeq,
  readCounters,
  type RecordHead,
  type Store,
  type StoreDatabase,
} from '@skyclaw/store'
import type { KnownHead, MeshCounter, MeshStore, Register } from '../mesh/store.ts'
import { toKnownHead, toRecord, toRow } from './record-index.ts'
import { toRegister, toRegisterRow } from './register-row.ts'
import { RowCache } from './row-cache.ts'

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

/** Text of registers and of known values that is kept parsed at most, each. */
const cachedChars = 16 * 1_048_576

/**
 * The registers and known values of one coordinator, in its own database. Everything is in the database; what is kept in memory beside it,
 * the last number of the feed and the rows used last, `reload` reads again: so one store outlives any number of mesh cores.
 */
export class SqliteMeshStore implements MeshStore {
  readonly #store: Store
  readonly #now: () => number
  readonly #onKnown: OnKnown | undefined
  readonly #queries: ReturnType<typeof prepareMeshQueries>
  readonly #registers = new RowCache<Register>(cachedChars)
  readonly #known = new RowCache<LedgerRecord>(cachedChars)
  #feedSeq = 0

  constructor({ store, now, onKnown }: SqliteMeshStoreOptions) {
    this.#store = store
    this.#now = now
    this.#onKnown = onKnown
    this.#queries = prepareMeshQueries(store.db)
    this.reload()
  }

  /** To be called when a transaction was rolled back, or the database was changed by other means. */
  reload(): void {
    this.#feedSeq = readCounters(this.#store.db).feedSeq
    this.#registers.clear()
    this.#known.clear()
  }

  /** The last number given in the feed. */
  get feedSeq(): number {
    return this.#feedSeq
  }

  register(key: string): Register | undefined {
    return this.#registers.get(key, () => {
      const row = this.#queries.getRegister(key)
      return row && { row: toRegister(row), chars: row.proposal?.length ?? 0 }
    })
  }

  putRegister(register: Register, unlearned: boolean): void {
    const row = toRegisterRow(register, unlearned)
    this.#queries.putRegister(row)
    this.#registers.put(register.key, register, row.proposal?.length ?? 0)
  }

  dropRegister(key: string): void {
    this.#queries.dropRegister(key)
    this.#registers.put(key, undefined, 0)
  }

  known(key: string): LedgerRecord | undefined {
    return this.#known.get(key, () => {
      const row = this.#queries.getRecord(key)
      return row && { row: toRecord(row), chars: row.value.length }
    })
  }

  putKnown(record: LedgerRecord): void {
    const before = this.#onKnown && this.#queries.getRecordHead(record.key)
    this.#feedSeq += 1
    const row = toRow(record, this.#feedSeq, this.#now())
    this.#queries.putRecord(row)
    this.#known.put(record.key, record, row.value.length)
    this.#onKnown?.(before, row, record)
  }

  dropKnown(key: string): void {
    const before = this.#queries.getRecordHead(key)
    if (!before) return
    this.#queries.dropRecord(key)
    this.#known.put(key, undefined, 0)
    this.#dropped([before])
  }

  /** Drops records that ended before a time (milliseconds since 1970), with their registers, at most `limit`; says how many. */
  pruneFinished(before: number, limit: number): number {
    const rows = this.#queries.pruneRecords(before, limit)
    for (const { key } of rows) {
      this.dropRegister(key)
      this.#known.put(key, undefined, 0)
    }
    if (rows.length > 0) this.#dropped(rows)
    return rows.length
  }

  keysWithBase(base: string, limit: number): string[] {
    return this.#queries.findKeysByBase(base, limit)
  }

  keysWithTag(tag: string, limit: number): string[] {
    return this.#queries.findKeysByTag(tag, limit)
  }

  unlearned(after: string, limit: number): string[] {
    return this.#queries.listUnlearned(after, limit)
  }

  changeable(after: string, limit: number): KnownHead[] {
    return this.#queries.listChangeable(after, limit).map(toKnownHead)
  }

  pruneRegisters(before: number, limit: number): number {
    const pruned = this.#queries.pruneRegisters(before, limit)
    if (pruned > 0) this.#registers.clear()
    return pruned
  }

  counter(name: MeshCounter): number {
    return this.#queries.counters.read(name)
  }

  saveCounter(name: MeshCounter, value: number): void {
    this.#queries.counters.save(name, value)
  }

  feedCursor(instance: string): number {
    return this.#queries.members.feedCursor(instance)
  }

  saveFeedCursor(instance: string, seq: number): void {
    this.#queries.members.saveFeedCursor({ instance, feedCursor: seq, now: this.#now() })
  }

  #dropped(rows: readonly RecordHead[]): void {
    // What bears the last number of the feed may be gone now, and no number may be given twice.
    this.#queries.saveFeedSeq(this.#feedSeq)
    for (const row of rows) this.#onKnown?.(row, undefined, undefined)
  }
}

function prepareMeshQueries(db: StoreDatabase) {
  return {
    counters: prepareCounters(db),
    dropRecord: prepareDropRecord(db),
    dropRegister: prepareDropRegister(db),
    findKeysByBase: prepareFindKeysByBase(db),
    findKeysByTag: prepareFindKeysByTag(db),
    getRecord: prepareGetRecord(db),
    getRecordHead: prepareGetRecordHead(db),
    getRegister: prepareGetRegister(db),
    listChangeable: prepareListChangeable(db),
    listUnlearned: prepareListUnlearned(db),
    members: prepareMembers(db),
    pruneRecords: preparePruneRecords(db),
    pruneRegisters: preparePruneRegisters(db),
    putRecord: preparePutRecord(db),
    putRegister: preparePutRegister(db),
    saveFeedSeq: prepareSaveFeedSeq(db),
  }
}
