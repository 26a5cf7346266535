import { type LedgerRecord, ProblemError } from '@skyclaw/protocol'
import { brokenInvariant } from '../core/job-invariants.ts'
import type { Ledger, Merged, MergeOptions } from './ledger.ts'
import { wrongRecord } from '../runtime/message-check.ts'
import { isKeyOf } from './record-key.ts'

interface SnapshotPage {
  readonly records: LedgerRecord[]
  readonly nextCursor?: string
}

/** A page of all records. What changes while the pages are read comes again in a later page. */
export async function readSnapshot(ledger: Ledger, limit: number, cursor: string | undefined): Promise<SnapshotPage> {
  const { records, next, more } = await ledger.feed(cursor === undefined ? 0 : position(cursor), limit)
  return { records: records.map(({ seq: _seq, ...record }) => record), ...(more && { nextCursor: String(next) }) }
}

/**
 * Merges records from outside, all of them or, when one of them makes no sense, none. Throws `invalid_request`, naming it. A `restore`
 * that cannot take all of them over is rejected with what kept it from that, and goes on where it was when it is sent again.
 */
export async function mergeSnapshot(
  ledger: Ledger,
  records: readonly LedgerRecord[],
  options: MergeOptions = {},
): Promise<Merged> {
  for (const [index, record] of records.entries()) {
    const { key, value } = record
    if (!isKeyOf(key, value)) refuse(index, 'key', `is not the key of that ${value.kind}`)
    const broken = value.kind === 'job' && brokenInvariant(value)
    if (broken) refuse(index, 'value', `breaks a rule: ${broken}`)
    const wrong = wrongRecord(record)
    if (wrong !== undefined) refuse(index, 'set', `makes no sense: ${wrong}`)
  }
  return ledger.merge(records, options)
}

function position(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new ProblemError('invalid_request', 'cursor is not the nextCursor of a page', { field: 'cursor' })
}

function refuse(index: number, name: string, what: string): never {
  const field = `records.${index}.${name}`
  throw new ProblemError('invalid_request', `${field} ${what}`, { field })
}
