/**
 * One coordinator per database. The lock is a reserved lock that SQLite holds on the empty file `<database>.lock` for as long as a
 * transaction on it stays open: a lock of the operating system, which ends with the process however it ended, so a stale one
 * cannot exist. The lock file is never written and never removed (a removed one could be locked twice, under its old
 * and its new inode). Who holds the lock stands beside it in `<database>.holder`, for the error message only.
 */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import Database from 'better-sqlite3'
import { StoreError, systemCode, toStoreError } from './errors.ts'

export interface Lock {
  release(): void
}

// Locks of the operating system do not hold between two copies of SQLite in one process (two versions of this package), hence this set.
const heldKey = Symbol.for('@skyclaw/store/locks')
const registry = globalThis as { [heldKey]?: Set<string> }
const held = (registry[heldKey] ??= new Set())

/** Takes the lock of a database, or throws a `locked` StoreError at once. `file` is what `locate` returned. */
export function acquireLock(file: string): Lock {
  if (held.has(file)) throw lockedError(file, 'this process')
  const lockFile = `${file}.lock`
  createIfMissing(lockFile)
  const lock = new Database(lockFile, { timeout: 0 })
  try {
    lock.pragma('journal_mode = memory')
    lock.exec('BEGIN IMMEDIATE')
  } catch (error) {
    lock.close()
    if (systemCode(error)?.startsWith('SQLITE_BUSY')) throw lockedError(file, readHolder(file), error)
    throw toStoreError(error, lockFile)
  }
  held.add(file)
  writeHolder(file)
  return {
    release() {
      if (!held.delete(file)) return
      rmSync(holderFile(file), { force: true })
      lock.close()
    },
  }
}

/** Opening and closing an existing lock file would drop the locks that another thread of this process has on it. */
function createIfMissing(lockFile: string): void {
  try {
    closeSync(openSync(lockFile, 'wx', 0o600))
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw toStoreError(error, lockFile)
  }
}

function lockedError(file: string, holder: string, cause?: unknown): StoreError {
  const remedy = 'end that one, or give this one a database of its own'
  return new StoreError('locked', file, `is in use by another coordinator, ${holder}`, remedy, cause)
}

function holderFile(file: string): string {
  return `${file}.holder`
}

/** Best effort: a full disk must not say more here than what the database itself will say. */
function writeHolder(file: string): void {
  try {
    writeFileSync(holderFile(file), JSON.stringify({ pid: process.pid, hostname: hostname() }), { mode: 0o600 })
  } catch {}
}

function readHolder(file: string): string {
  try {
    const holder = JSON.parse(readFileSync(holderFile(file), 'utf8')) as { pid?: unknown; hostname?: unknown }
    if (Number.isInteger(holder.pid) && typeof holder.hostname === 'string') {
      return `process ${String(holder.pid)} on ${holder.hostname}`
    }
  } catch {}
  return 'of unknown process id'
}
