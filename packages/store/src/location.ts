import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { StoreError, systemCode } from './errors.ts'

const maxSymlinks = 40

/**
 * The one absolute path of a database, however it was named, so that two names of a file meet at one lock. Creates the folder.
 * Throws a StoreError for what cannot be a database file, and the system's error when the folder cannot be made.
 */
export function locate(path: string): string {
  if (path === '' || path.includes('\0')) {
    throw new StoreError('unavailable', JSON.stringify(path), 'is not a path', 'name a file')
  }
  const named = followSymlinks(resolve(path))
  makeFolder(dirname(named))
  const file = join(realpathSync.native(dirname(named)), basename(named))
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats) checkKind(file, stats)
  // better-sqlite3 trims file names, and would open another file.
  if (file !== file.trim()) throw new StoreError('unavailable', file, 'ends with white space', 'name another file')
  return stats ? realpathSync.native(file) : file
}

/** Step by step: `mkdirSync` with `recursive` never returns where a folder can be made nowhere, as below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
}

/** `realpath` refuses a link to a file that does not exist yet; SQLite would create its target. */
function followSymlinks(path: string): string {
  let current = path
  for (let links = 0; links < maxSymlinks; links++) {
    if (!lstatSync(current, { throwIfNoEntry: false })?.isSymbolicLink()) return current
    current = resolve(dirname(current), readlinkSync(current))
  }
  throw new StoreError('unavailable', path, 'is a circle of symbolic links', 'name the file itself')
}

function checkKind(file: string, stats: Stats): void {
  if (stats.isDirectory()) throw new StoreError('unavailable', file, 'is a folder', 'name a file in it')
  if (!stats.isFile()) throw new StoreError('unavailable', file, 'is not a regular file', 'name another file')
  // The write-ahead log belongs to a name, not to a file: two names of one file are how SQLite databases get corrupted.
  if (stats.nlink > 1) {
    const problem = `has ${stats.nlink} names (hard links)`
    throw new StoreError('unavailable', file, problem, 'remove the other names, or copy it to a file of its own')
  }
}

const accessRemedy = 'give the user that runs the coordinator read and write access to the file and its folder'

/** Throws a StoreError when this process may not do to the file and its folder what SQLite has to do. */
export function checkAccess(file: string): void {
  const folder = dirname(file)
  const { R_OK, W_OK, X_OK } = constants
  if (!allowed(folder, W_OK | X_OK)) {
    throw new StoreError('read_only', file, `cannot be used, for its folder ${folder} is not writable`, accessRemedy)
  }
  if (!statSync(file, { throwIfNoEntry: false })) return
  if (!allowed(file, R_OK)) throw new StoreError('unavailable', file, 'cannot be read', accessRemedy)
  for (const path of [file, `${file}-wal`, `${file}-shm`, `${file}.lock`]) {
    if (!allowed(path, W_OK)) throw new StoreError('read_only', path, 'is not writable', accessRemedy)
  }
}

function allowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch (error) {
    return systemCode(error) === 'ENOENT'
  }
}
