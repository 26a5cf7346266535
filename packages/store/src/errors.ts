export const storeErrorCodes = ['corrupt', 'read_only', 'newer', 'locked', 'not_skyclaw', 'unavailable'] as const

/**
 * Why a database cannot be used:
 * - `corrupt`: not a SQLite database, cut short, or damaged inside;
 * - `read_only`: this user may not write the file or its folder, or the disk is mounted read-only;
 * - `newer`: a later version of Skyclaw has changed its schema;
 * - `locked`: another coordinator, or another program that writes, has it;
 * - `not_skyclaw`: a SQLite database of another application;
 * - `unavailable`: anything else outside the file's content: no such folder, a full disk, an I/O error.
 */
export type StoreErrorCode = (typeof storeErrorCodes)[number]

/** A database that cannot be opened. The message is one line: file, problem, remedy. The file was left as it was. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly file: string
  readonly remedy: string

  constructor(code: StoreErrorCode, file: string, problem: string, remedy: string, cause?: unknown) {
    super(oneLine(`${file} ${problem}: ${remedy}`), cause === undefined ? undefined : { cause })
    this.code = code
    this.file = file
    this.remedy = remedy
  }
}

/** A commit failed, or an input failed after it had written: memory may be ahead of the disk, and the process has to end. */
export class TurnsFailed extends Error {
  override readonly name = 'TurnsFailed'

  constructor(file: string, cause: unknown) {
    super(oneLine(`${file} could not take a turn: ${reason(cause)}`), { cause })
  }
}

/** Nothing was done: too many inputs wait, or another program holds the database's write lock. Worth another try. */
export class TurnsBusy extends Error {
  override readonly name = 'TurnsBusy'
}

/** Nothing was done: `close()` was called before. */
export class TurnsClosed extends Error {
  override readonly name = 'TurnsClosed'

  constructor() {
    super('the store is closing and takes no new inputs')
  }
}

/** SQLite's extended code (`SQLITE_IOERR_WRITE`) or the system's (`EACCES`) of an error or of what caused it. */
export function systemCode(error: unknown): string | undefined {
  for (let depth = 0, e = error; e instanceof Error && depth < 5; depth++, e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code
  }
  return undefined
}

const fullRemedy = 'free some space on the disk and start again; nothing that was acknowledged is lost'
const writeRemedy = 'give the user that runs the coordinator write access to the file and its folder'

/** What SQLite and the system answer, as code, problem and remedy. The first match counts. */
const known: readonly (readonly [RegExp, StoreErrorCode, string, string])[] = [
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)$/, 'unavailable', 'has no room to grow', fullRemedy],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'corrupt', 'is damaged', 'restore a backup, or move the file away to start empty'],
  [/^(SQLITE_READONLY.*|EACCES|EPERM|EROFS)$/, 'read_only', 'cannot be written', writeRemedy],
  [/^SQLITE_(BUSY|LOCKED)/, 'locked', 'is in use by another program', 'end the program that has it open'],
  [/^SQLITE_IOERR/, 'unavailable', 'cannot be read or written', 'check the disk and its free space'],
  [/^SQLITE_ERROR$/, 'corrupt', 'does not have the tables it should have', 'restore a backup'],
  [/^(SQLITE_[A-Z_]+|E[A-Z0-9]+)$/, 'unavailable', 'cannot be opened', 'check the path and its permissions'],
]

/** Turns what SQLite or the file system threw into a StoreError. Anything else is a defect and comes back as it is. */
export function toStoreError(error: unknown, file: string): unknown {
  if (error instanceof StoreError) return error
  const code = systemCode(error)
  const match = code === undefined ? undefined : known.find(([pattern]) => pattern.test(code))
  if (!match) return error
  const [, storeCode, problem, remedy] = match
  return new StoreError(storeCode, file, `${problem} (${reason(error)})`, remedy, error)
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = systemCode(error)
  return code === undefined || error.message.includes(code) ? error.message : `${error.message}, ${code}`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}

/** Errors of the disk or of SQLite itself, after which a transaction cannot be trusted, whether they were met reading or writing. */
export function isDiskError(error: unknown): boolean {
  return /^SQLITE_(FULL|IOERR|CORRUPT|NOTADB|READONLY|CANTOPEN|NOMEM|PROTOCOL)/.test(systemCode(error) ?? '')
}
