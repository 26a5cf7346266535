/**
 * What is looked at before a database is opened for writing. A file that turns out to be foreign or damaged must stay as it is, to
 * the byte, so the header is read without SQLite, and the rest through a connection that cannot write: even an idle
 * writing connection rolls a hot journal back and folds the write-ahead log into the file when it closes.
 */
import { closeSync, existsSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { StoreError } from './errors.ts'
import { applicationId, busyTimeoutMs } from './pragmas.ts'
import { checkNotNewer, type Migration } from './migrate.ts'

const magic = Buffer.from('SQLite format 3\0', 'latin1')
const restore = 'restore a backup, or move the file away to start empty'

/** `none`: there was no database. `partial`: the file was too large to be read whole. */
export type Checked = 'none' | 'partial' | 'full'

export interface Inspection {
  readonly checked: Checked
  /** The write-ahead log was not empty: whoever had the database open last did not close it. */
  readonly recovered: boolean
}

/** Throws a StoreError when the file cannot be Skyclaw's database as it stands. Changes nothing. */
export function inspect(file: string, migrations: readonly Migration[], fullCheckBytes: number): Inspection {
  const sizeBytes = sizeOf(file)
  const walBytes = sizeOf(`${file}-wal`)
  if (!sizeBytes) {
    // SQLite would throw the log of an empty database away.
    if (walBytes) {
      throw new StoreError('corrupt', file, 'is missing or empty, but its write-ahead log is there', restore)
    }
    return { checked: 'none', recovered: false }
  }
  checkHeader(file)
  const recovered = walBytes !== undefined && walBytes > 0
  // Only a crash in the first transaction of all leaves this journal, and only a writing connection can roll it back.
  if (sizeOf(`${file}-journal`)) return { checked: 'none', recovered: true }
  const whole = sizeBytes + (walBytes ?? 0) <= fullCheckBytes
  checkContent(file, migrations, whole)
  return { checked: whole ? 'full' : 'partial', recovered }
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size
}

function checkHeader(file: string): void {
  const header = Buffer.alloc(100)
  const descriptor = openSync(file, 'r')
  let read: number
  try {
    read = readSync(descriptor, header, 0, header.length, 0)
  } finally {
    closeSync(descriptor)
  }
  if (read < header.length || !header.subarray(0, magic.length).equals(magic)) {
    throw new StoreError('corrupt', file, 'is not a SQLite database, or its beginning is damaged', restore)
  }
  if (header.readUInt32BE(68) !== applicationId) {
    throw new StoreError('not_skyclaw', file, 'is the database of another application', 'name another file')
  }
}

function checkContent(file: string, migrations: readonly Migration[], whole: boolean): void {
  const beside = [`${file}-wal`, `${file}-shm`].filter((path) => !existsSync(path))
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(file, { readonly: true, timeout: busyTimeoutMs })
    quickCheck(sqlite, file, whole)
    checkNotNewer(sqlite, file, migrations)
    sqlite.close()
  } catch (error) {
    sqlite?.close()
    // A reading connection has to create these; beside a file that is left alone they have no place.
    for (const path of beside) rmSync(path, { force: true })
    throw error
  }
}

/**
 * `quick_check` reads every page once: measured 0.1 to 0.5 s per 100 MB from memory and 2 s from a cold disk. So a large file is
 * checked in part: its length against its header, its schema, and the small tables that opening depends on.
 */
function quickCheck(sqlite: Database.Database, file: string, whole: boolean): void {
  const names = whole ? [''] : ['(sqlite_schema)', ...smallTables(sqlite).map((name) => `("${name}")`)]
  for (const name of names) {
    const answer = sqlite.pragma(`quick_check${name || '(1)'}`, { simple: true })
    if (answer !== 'ok') throw new StoreError('corrupt', file, `is damaged (${String(answer)})`, restore)
  }
}

function smallTables(sqlite: Database.Database): string[] {
  const tables = sqlite.prepare("select name from sqlite_schema where name in ('meta', '__drizzle_migrations')")
  return tables.pluck().all() as string[]
}
