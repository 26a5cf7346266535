import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { LedgerRecord } from '@skyclaw/protocol'
import { BackupError, closingName, formatName, formatVersion, type Header } from './format.ts'
import { type Line, readLines } from './lines.ts'
import { checkRecord } from './record-check.ts'

export interface ReadRecord {
  readonly line: number
  readonly bytes: number
  readonly record: LedgerRecord
}

/**
 * Reads a backup from its beginning: gives the header to `begun`, then each record. Checks format, schemas, count and hash, and throws a
 * BackupError that names the line: only who reads to the end knows that the file is whole. May be called again for the same file.
 */
export async function* readBackup(
  handle: FileHandle,
  file: string,
  begun: (header: Header) => void,
): AsyncGenerator<ReadRecord> {
  const hash = createHash('sha256')
  let records = 0
  let last = 0
  let closed = false
  for await (const line of readLines(handle)) {
    const wrong = (cause: string): BackupError => new BackupError(`${file} line ${line.number}: ${cause}`)
    if (closed) throw wrong('it goes on after its closing line')
    const value = parse(line, wrong)
    last = line.number
    if (line.number === 1) {
      begun(checkHeader(value, wrong))
    } else if (isObject(value) && value['format'] === closingName) {
      if (value['records'] !== records)
        throw wrong(`it should hold ${String(value['records'])} records, not ${records}`)
      if (value['sha256'] !== hash.digest('hex'))
        throw wrong('the checksum is another: the file was changed or damaged')
      closed = true
      continue
    } else {
      yield { line: line.number, bytes: line.bytes.length, record: check(value, wrong) }
      records += 1
    }
    hash.update(line.bytes)
  }
  if (last === 0) throw new BackupError(`${file} is empty`)
  if (!closed) throw new BackupError(`${file} ends after line ${last} without its closing line: it was cut short`)
}

type Wrong = (cause: string) => BackupError

function parse({ bytes, tooLong, number }: Line, wrong: Wrong): unknown {
  if (tooLong) throw wrong('it is longer than any record: is this a backup?')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    // A line without an end is where the file was cut.
    if (bytes.at(-1) !== 10 && number > 1) throw wrong('it breaks off here: the file was cut short')
    throw wrong('it is no JSON in UTF-8')
  }
}

function checkHeader(value: unknown, wrong: Wrong): Header {
  if (!isObject(value) || value['format'] !== formatName) throw wrong('this is no backup of skyclaw')
  const { version, nodeId, takenAt } = value
  if (typeof version !== 'number') throw wrong('the version of the format is missing')
  if (version > formatVersion)
    throw wrong(`version ${version} of the format is newer than this skyclaw, which reads ${formatVersion}`)
  if (version !== formatVersion) throw wrong(`there is no version ${version} of the format`)
  if (typeof nodeId !== 'string' || typeof takenAt !== 'string') throw wrong('the header lacks nodeId or takenAt')
  return { format: formatName, version, nodeId, takenAt }
}

function check(value: unknown, wrong: Wrong): LedgerRecord {
  try {
    return checkRecord(value)
  } catch (error) {
    throw wrong((error as Error).message)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
