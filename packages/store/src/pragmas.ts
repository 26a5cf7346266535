import type { Database } from 'better-sqlite3'
import { StoreError } from './errors.ts'

/** "SKYC": tells a Skyclaw database from any other, at offset 68 of the file (sqlite.org/fileformat.html). */
export const applicationId = 0x534b5943

/** How long SQLite waits for another program's write before it answers `SQLITE_BUSY`. The event loop stands still meanwhile. */
export const busyTimeoutMs = 250

const pragmas = [
  // While the file is opened, a commit returns after its fsync: in WAL mode only FULL promises that. Afterwards Store.sync makes it.
  'synchronous = full',
  // macOS: without it fsync leaves the data in the drive's cache. Of no effect elsewhere.
  'fullfsync = on',
  // 16 MiB: after a commit that split a page SQLite goes through the whole table of its cache, and what is not there the system caches.
  'cache_size = -16384',
  'temp_store = memory',
  // A checkpoint each 4,096 pages (16 MiB) rather than 1,000: under load its two fsyncs spread over more turns.
  'wal_autocheckpoint = 4096',
  // What a burst left of the write-ahead log is given back.
  'journal_size_limit = 67108864',
  'cell_size_check = on',
  'trusted_schema = off',
] as const

/**
 * Marks a new file as Skyclaw's, then sets what every connection of the store needs. The mark comes before WAL mode: so it is in the
 * file itself from the first transaction on, never only in the log.
 */
export function configure(sqlite: Database, file: string): void {
  if (sqlite.pragma('application_id', { simple: true }) !== applicationId) {
    sqlite.pragma(`application_id = ${applicationId}`)
  }
  const mode = sqlite.pragma('journal_mode = wal', { simple: true })
  if (mode !== 'wal' && !sqlite.memory) {
    const problem = `cannot keep a write-ahead log (SQLite chose ${String(mode)})`
    throw new StoreError('unavailable', file, problem, 'put it on a local disk')
  }
  for (const pragma of pragmas) sqlite.pragma(pragma)
}

/** Only after the migrations: a rebuilt table must not lose the rows that refer to it. */
export function enforceForeignKeys(sqlite: Database): void {
  sqlite.pragma('foreign_keys = on')
}
