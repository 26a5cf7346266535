import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HostError } from './errors.ts'
import { messageOf } from './retry.ts'

export interface FolderLock {
  release(): void
}

const busy = 5

/**
 * Takes a folder for this process. The lock is one of the operating system: Node itself has no call for it, but its
 * built-in SQLite locks the (empty) file `lock`. It is gone with the process, however that ends, so that none is ever
 * stale. Throws a `HostError` when another host has it.
 */
export function lockFolder(dir: string): FolderLock {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    database = new DatabaseSync(path.join(dir, 'lock'), { timeout: 0 })
    // No journal: nothing is ever written to it.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    writeFileSync(pidFile(dir), `${process.pid}\n`)
  } catch (error) {
    database?.close()
    if ((error as { errcode?: number }).errcode === busy) throw inUse(dir)
    throw unusable(dir, error)
  }
  const held = database
  return {
    release() {
      if (held.isOpen) held.close()
    },
  }
}

/** The error of a folder that the file system keeps from being used. */
export function unusable(dir: string, cause: unknown): HostError {
  const message = `the host folder ${dir} cannot be used: ${messageOf(cause)}. Choose another with SKYCLAW_HOST_DIR`
  return new HostError('folder_unusable', message, { cause })
}

function inUse(dir: string): HostError {
  const remedy = 'Stop that host, or give this one another name (SKYCLAW_HOST_NAME) or folder (SKYCLAW_HOST_DIR)'
  return new HostError('folder_in_use', `the host folder ${dir} is in use by another host${holder(dir)}. ${remedy}`)
}

/** For people only: it may be a moment old. */
function holder(dir: string): string {
  try {
    return ` (process ${Number.parseInt(readFileSync(pidFile(dir), 'utf8'), 10)})`
  } catch {
    return ''
  }
}

function pidFile(dir: string): string {
  return path.join(dir, 'pid')
}
