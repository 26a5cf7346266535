import { openStore, prepareReadFeed, prepareReadFeedHeads, type Store } from '@skyclaw/store'
import { readBriefPage, readFeedPage } from '../../../packages/coordinator/src/ledger/feed-pages.ts'
import { SqliteMeshStore } from '../../../packages/coordinator/src/ledger/mesh-store.ts'
import type { PulledPage, PullRequest } from '../../../packages/coordinator/src/mesh/mesh.ts'
import type { DiskWrite } from '../history/disk-mirror.ts'
import { ObservedStore } from '../history/observed-store.ts'

/**
 * Where the next commit fails: it is rolled back; or it stands and the process ends before anything leaves it; or when that has left
 * which leaves beside the fsync, and the fsync never ends.
 */
export type CommitFault = 'rolled_back' | 'nothing_left' | 'not_synced'

/** Jobs that one turn forgets at most. */
export const prunedAtOnce = 100

const tables = ['answers', 'members', 'meta', 'records', 'registers']

/**
 * The database of one machine: a real one, in memory. It outlives its process, with exactly what was committed, and a power failure with
 * what was made durable: a commit of the turns leaves the real transaction open, which ends when they make it durable or the process ends.
 */
export class Disk {
  /** The identity made with the database. */
  instance = ''
  fault: CommitFault | undefined
  /** Told of what has become durable, before anything that rests on it leaves. */
  onCommit: (writes: readonly DiskWrite[]) => void = () => undefined
  wall: () => number = () => 0
  readonly mesh: ObservedStore
  /** The store as the turns see it: its commits can fail. */
  readonly store: Store
  readonly #real: Store
  readonly #ledger: SqliteMeshStore
  readonly #queries: Parameters<typeof readFeedPage>[0] & Parameters<typeof readBriefPage>[0]
  readonly #empty: () => void
  readonly #count: () => [table: string, rows: number][]
  #pruning = false
  #syncFails = false

  constructor() {
    const real = openStore({ path: ':memory:' })
    this.#real = real
    this.#ledger = new SqliteMeshStore({
      store: real,
      now: () => this.wall(),
      onKnown: (before, now) => {
        if (before && !now) this.mesh.noteDropped(before.key, this.#pruning)
      },
    })
    const promised = real.sqlite.prepare('select key from registers where accepted_n is null').pluck()
    this.mesh = new ObservedStore(this.#ledger, () => promised.all() as string[])
    this.#queries = { feed: prepareReadFeed(real.db), feedHeads: prepareReadFeedHeads(real.db) }
    const statements = tables.map((table) => real.sqlite.prepare(`delete from ${table}`))
    const turn = real.sqlite.prepare("insert into meta values ('turn', '0')")
    this.#empty = real.sqlite.transaction(() => {
      for (const statement of statements) statement.run()
      turn.run()
    })
    const counts = tables.map((table) => [table, real.sqlite.prepare(`select count(*) from ${table}`).pluck()] as const)
    this.#count = () => counts.map(([table, count]) => [table, count.get() as number])
    this.store = { ...real, sqlite: this.#faulty(), sync: () => this.#sync() }
  }

  /** How many rows each table has. */
  rows(): [table: string, rows: number][] {
    return this.#count()
  }

  /** A new database. */
  format(instance: string): void {
    this.instance = instance
    this.lose()
    this.#empty()
    this.reload()
  }

  /** The process has ended: what it committed stands. */
  keep(): void {
    if (this.#real.sqlite.inTransaction) this.#settle()
  }

  /** The power has failed: what was not durable is gone. */
  lose(): void {
    if (this.#real.sqlite.inTransaction) this.#real.sqlite.exec('ROLLBACK')
    this.mesh.writes = []
  }

  /** The next fsync is none of a turn: it does not fail. */
  spare(): void {
    this.#syncFails = false
  }

  /** After a restart nothing counts but what is in the database. */
  reload(): void {
    this.mesh.writes = []
    this.fault = undefined
    this.#syncFails = false
    this.#ledger.reload()
  }

  /** Drops what ended before a time, as the ledger does it. To be called within a turn. */
  prune(before: number): number {
    this.#pruning = true
    const pruned = this.#ledger.pruneFinished(before, prunedAtOnce)
    this.#pruning = false
    return pruned
  }

  readPage(request: PullRequest): PulledPage {
    const { since, limit, brief } = request
    if (brief) return { request, ...readBriefPage(this.#queries, since, limit) }
    const { records, next, more } = readFeedPage(this.#queries, since, limit)
    const whole = records.map(({ seq, ...record }) => ({ seq, key: record.key, version: record.version, record }))
    return { request, records: whole, next, more }
  }

  #sync(): void {
    if (this.#syncFails) throw new Error('the power failed')
    this.#settle()
  }

  #settle(): void {
    this.#real.sqlite.exec('COMMIT')
    this.onCommit(this.mesh.writes)
    this.mesh.writes = []
  }

  #faulty(): Store['sqlite'] {
    const { sqlite } = this.#real
    const begin = () => {
      if (!sqlite.inTransaction) sqlite.exec('BEGIN')
    }
    const commit = () => {
      const { fault } = this
      this.fault = undefined
      if (fault === 'rolled_back') throw new Error('the disk failed')
      this.#syncFails = fault === 'not_synced'
      if (fault !== 'nothing_left') return
      this.#settle()
      throw new Error('the power failed')
    }
    const own = new Map([
      ['BEGIN IMMEDIATE', { run: begin }],
      ['COMMIT', { run: commit }],
    ])
    const faulty = {
      prepare: (source: string) => own.get(source) ?? sqlite.prepare(source),
      get inTransaction() {
        return sqlite.inTransaction
      },
    }
    return faulty as unknown as Store['sqlite']
  }
}

/** Databases are emptied and used again: to open one takes longer than a run. */
export class DiskPool {
  readonly #free: Disk[] = []

  take(instance: string): Disk {
    const disk = this.#free.pop() ?? new Disk()
    disk.format(instance)
    return disk
  }

  giveBack(disk: Disk): void {
    this.#free.push(disk)
  }
}
