import { and, asc, inArray, isNotNull, lt, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { headColumns, type RecordHead, records } from '../schema/records.ts'
import { boundLimit } from './bound.ts'

/** Deletes records that ended before a time (milliseconds since 1970), the oldest first; answers what it deleted. */
export function preparePruneRecords(db: StoreDatabase): (before: number, limit: number) => RecordHead[] {
  const old = db
    .select({ key: records.key })
    .from(records)
    .where(and(isNotNull(records.finishedAt), lt(records.finishedAt, sql.placeholder('before'))))
    .orderBy(asc(records.finishedAt))
    .limit(boundLimit)
  const statement = db.delete(records).where(inArray(records.key, old)).returning(headColumns).prepare()
  return (before, limit) => statement.all({ before, limit })
}
