import { asc, gt, max, sql } from 'drizzle-orm'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'

/** Records changed after a number of the feed, in the feed's order. */
export function prepareReadFeed(db: StoreDatabase): (since: number, limit: number) => RecordRow[] {
  const statement = db
    .select()
    .from(records)
    .where(gt(records.feedSeq, sql.placeholder('since')))
    .orderBy(asc(records.feedSeq))
    .limit(sql.placeholder('limit'))
    .prepare()
  return (since, limit) => statement.all({ since, limit })
}

/** The last number given in the feed, and the last sequence number given to a record. */
export function readCounters(db: StoreDatabase): { feedSeq: number; sequence: number } {
  const row = db
    .select({ feedSeq: max(records.feedSeq) })
    .from(records)
    .get()
  const sequences = db
    .select({ sequence: max(records.sequence) })
    .from(records)
    .groupBy(records.kind)
    .all()
  return { feedSeq: row?.feedSeq ?? 0, sequence: Math.max(0, ...sequences.map(({ sequence }) => sequence ?? 0)) }
}
