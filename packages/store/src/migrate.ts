import { fileURLToPath } from 'node:url'
import type { Database } from 'better-sqlite3'
import type { MigrationMeta } from 'drizzle-orm/migrator'
import { readMigrationFiles } from './drizzle.ts'
import { StoreError, systemCode, toStoreError } from './errors.ts'

export type Migration = Readonly<MigrationMeta>

/** The same from `src/` and from `dist/`. */
const ownMigrations = fileURLToPath(new URL('../migrations', import.meta.url))

const table = '__drizzle_migrations'

/** The migrations this program knows, oldest first, as drizzle-kit made them. */
export function readMigrations(folder: string = ownMigrations): readonly Migration[] {
  return readMigrationFiles({ migrationsFolder: folder })
}

/** Throws `newer` when the database has migrations that this program does not know. */
export function checkNotNewer(sqlite: Database, file: string, migrations: readonly Migration[]): void {
  const known = new Set(migrations.map((migration) => migration.folderMillis))
  const unknown = applied(sqlite).filter((when) => !known.has(when))
  if (unknown.length === 0) return
  const problem = `was made by a newer version of Skyclaw (${unknown.length} migrations this one does not know)`
  throw new StoreError('newer', file, problem, 'update Skyclaw, or restore a backup from before the update')
}

/**
 * Applies what is missing, all in one transaction, and returns how many. drizzle's own migrator reads the same files and keeps
 * the same table; it is not used because its ROLLBACK hides the cause when SQLite has rolled back by itself (a full disk).
 * Foreign keys have to be off, or a table that is rebuilt takes the rows that refer to it along.
 */
export function migrate(sqlite: Database, file: string, migrations: readonly Migration[]): number {
  const done = new Set(applied(sqlite))
  const missing = migrations.filter((migration) => !done.has(migration.folderMillis))
  if (missing.length === 0) return 0
  sqlite.pragma('foreign_keys = off')
  const applyAll = sqlite.transaction(() => {
    sqlite.exec(`create table if not exists ${table} (id serial primary key, hash text not null, created_at numeric)`)
    const record = sqlite.prepare(`insert into ${table} (hash, created_at) values (?, ?)`)
    for (const migration of missing) {
      for (const statement of migration.sql) sqlite.exec(statement)
      record.run(migration.hash, migration.folderMillis)
    }
    const orphans = sqlite.pragma('foreign_key_check') as unknown[]
    if (orphans.length > 0) {
      const problem = `cannot be brought up to date: ${orphans.length} rows refer to missing ones`
      throw new StoreError('corrupt', file, problem, 'restore a backup')
    }
  })
  try {
    applyAll.immediate()
  } catch (error) {
    throw /^SQLITE_(ERROR|CONSTRAINT)/.test(systemCode(error) ?? '') ? misfit(file, error) : toStoreError(error, file)
  }
  return missing.length
}

function misfit(file: string, error: unknown): StoreError {
  const problem = `cannot be brought up to date (${error instanceof Error ? error.message : String(error)})`
  const remedy = 'it is as it was: go on with the version of Skyclaw you had, and report this'
  return new StoreError('unavailable', file, problem, remedy, error)
}

function applied(sqlite: Database): number[] {
  const exists = sqlite.prepare('select 1 from sqlite_schema where name = ?').get(table)
  if (!exists) return []
  return sqlite.prepare(`select created_at from ${table}`).pluck().all().map(Number)
}
