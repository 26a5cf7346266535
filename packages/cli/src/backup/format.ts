import type { LedgerRecord } from '@skyclaw/protocol'

/**
 * A backup is a text file of JSON Lines, in UTF-8, each line ended by a line feed:
 *
 * 1. the header: {@link Header};
 * 2. records, one a line, as `GET /v1/replicate/snapshot` gives them. A record that changed while the pages were read comes again,
 *    newer, further down. Each is a value that was chosen; the file as a whole is no single moment, for records are agreed one by one;
 * 3. the closing line: {@link Closing}. Its hash covers every byte before it, so a file that was cut short, or changed, is noticed.
 *
 * No identity of a database is in it: what is restored from it begins as a new instance.
 */
export interface Header {
  readonly format: typeof formatName
  readonly version: number
  /** Name of the coordinator whose knowledge this is. */
  readonly nodeId: string
  /** RFC 3339: when the first page was asked for. */
  readonly takenAt: string
}

export interface Closing {
  readonly format: typeof closingName
  /** Lines between header and closing line. */
  readonly records: number
  /** SHA-256 of all bytes before this line, hexadecimal. */
  readonly sha256: string
}

export const formatName = 'skyclaw-backup'
export const closingName = 'skyclaw-backup-end'
export const formatVersion = 1

/** More than any answer of a coordinator, so more than any record. */
export const maxLineBytes = 64 * 1_048_576

/** A file is no whole backup. The message names file, line and cause. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

/** One line, as it stands in the file. */
export function toLine(content: Header | Closing | LedgerRecord): Buffer {
  return Buffer.from(`${JSON.stringify(content)}\n`)
}
