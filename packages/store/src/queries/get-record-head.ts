import { eq, sql } from 'drizzle-orm'
import type { StoreDatabase } from '../open.ts'
import { headColumns, type RecordHead, records } from '../schema/records.ts'

/** The row of a record without its value. */
export function prepareGetRecordHead(db: StoreDatabase): (key: string) => RecordHead | undefined {
  const statement = db
    .select(headColumns)
    .from(records)
    .where(eq(records.key, sql.placeholder('key')))
    .prepare()
  return (key) => statement.get({ key })
}
