import { and, asc, gt, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { headColumns, type RecordHead, records } from '../schema/records.ts'
import { boundLimit } from './bound.ts'

/** The heads of records that can still change, in order of their keys, after a key. */
export function prepareListChangeable(db: StoreDatabase): (after: string, limit: number) => RecordHead[] {
  const statement = db
    .select(headColumns)
    .from(records)
    .where(and(sql`finished_at is null`, gt(records.key, sql.placeholder('after'))))
    .orderBy(asc(records.key))
    .limit(boundLimit)
    .prepare()
  return (after, limit) => statement.all({ after, limit })
}
