/**
 * Opens the database of a coordinator. In this order, so that each failure leaves the file as it was: lock, look at the file without
 * writing (integrity.ts), create it when there is none, pragmas, migrations in one transaction, instance id.
 */
import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { drizzle } from './drizzle.ts'
import { systemCode, toStoreError } from './errors.ts'
import { ensureInstance } from './instance.ts'
import { type Checked, inspect, type Inspection } from './integrity.ts'
import { checkAccess, locate } from './location.ts'
import { acquireLock, type Lock } from './lock.ts'
import { migrate, type Migration, readMigrations } from './migrate.ts'
import { busyTimeoutMs, configure, enforceForeignKeys } from './pragmas.ts'
import { tables } from './tables.ts'
import { WriteBuffers } from './write-buffers.ts'

export type StoreDatabase = BetterSQLite3Database<typeof tables>

/** What the store says while it opens; a pino logger is one. */
export interface StoreLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface StoreOptions {
  /** A file, created with its folder when missing, or `:memory:`. */
  path: string
  logger?: StoreLogger
  /** Files up to this size are read and checked whole when they are opened; larger ones in part. Default 128 MiB. */
  fullCheckBytes?: number
  /** Where drizzle-kit's migrations are, for bundles that move them. Default: those of this package. */
  migrationsFolder?: string
}

export interface Store {
  readonly db: StoreDatabase
  /** For transaction control; statements go through `db`. */
  readonly sqlite: Database.Database
  /** What waits in memory for the end of a turn. */
  readonly buffers: WriteBuffers
  /** The UUID made with the database. */
  readonly instanceId: string
  /** The file, absolute and without symbolic links, or `:memory:`. */
  readonly path: string
  /** Whether the process that had the database before ended without closing it. */
  readonly recovered: boolean
  /** How much of the file was checked; `none` for a new one. */
  readonly checked: Checked
  /**
   * Makes all that was committed durable: a commit alone survives the end of the process, and not a power failure. Throws the system's
   * error when the disk fails.
   */
  sync(): void
  /** Closes the database and gives the lock back. Again is fine. */
  close(): void
}

const memory = ':memory:'
const defaultFullCheckBytes = 128 * 1_048_576

/** Opens or creates a database, and locks it for this process. Throws a StoreError that says what is wrong and what to do. */
export function openStore(options: StoreOptions): Store {
  const migrations = readMigrations(options.migrationsFolder)
  if (options.path === memory) return assemble(memory, migrations, { checked: 'none', recovered: false })
  const startedAt = performance.now()
  let file = options.path
  let lock: Lock | undefined
  try {
    file = locate(options.path)
    checkAccess(file)
    lock = acquireLock(file)
    const inspection = inspect(file, migrations, options.fullCheckBytes ?? defaultFullCheckBytes)
    createIfMissing(file)
    const store = assemble(file, migrations, inspection, lock)
    report(store, options.logger, performance.now() - startedAt)
    return store
  } catch (error) {
    lock?.release()
    throw toStoreError(error, file)
  }
}

/** Jobs carry secrets: nobody else reads the file. SQLite gives its log the same mode. */
function createIfMissing(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
}

function assemble(
  path: string,
  migrations: readonly Migration[],
  { checked, recovered }: Inspection,
  lock?: Lock,
): Store {
  const sqlite = new Database(path, { timeout: busyTimeoutMs })
  try {
    configure(sqlite, path)
    migrate(sqlite, path, migrations)
    enforceForeignKeys(sqlite)
    const db = drizzle(sqlite, { schema: tables })
    const instanceId = ensureInstance(db)
    const log = sqlite.memory ? undefined : openLog(sqlite, path)
    const sync = () => log !== undefined && fdatasyncSync(log)
    const close = () => {
      if (log !== undefined && sqlite.open) closeSync(log)
      sqlite.close()
      lock?.release()
    }
    return { db, sqlite, buffers: new WriteBuffers(), instanceId, path, recovered, checked, sync, close }
  } catch (error) {
    sqlite.close()
    throw error
  }
}

/**
 * From now on commits leave the fsync of the write-ahead log to `sync`: SQLite would make one with each. It still makes those of a
 * checkpoint. No lock is on the log's own file, so that closing it here takes none from SQLite.
 */
function openLog(sqlite: Database.Database, path: string): number {
  sqlite.pragma('synchronous = normal')
  return openSync(`${path}-wal`, 'r+')
}

function report(store: Store, logger: StoreLogger | undefined, tookMs: number): void {
  const fields = { file: store.path, instanceId: store.instanceId, checked: store.checked, tookMs: Math.round(tookMs) }
  if (store.recovered) logger?.warn(fields, 'database opened; the process that had it before did not close it')
  else logger?.info(fields, 'database opened')
}
