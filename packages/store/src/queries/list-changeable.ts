import { and, asc, gt, sql } from 'drizzle-orm'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'

/** Records that can still change, in order of their keys, after a key. */
export function prepareListChangeable(db: StoreDatabase): (after: string, limit: number) => RecordRow[] {
  const statement = db
    .select()
    .from(records)
    .where(and(sql`finished_at is null`, gt(records.key, sql.placeholder('after'))))
    .orderBy(asc(records.key))
    .limit(sql.placeholder('limit'))
    .prepare()
  return (after, limit) => statement.all({ after, limit })
}
