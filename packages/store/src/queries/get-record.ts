import { eq, getTableColumns, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'
import { directGet, named } from './direct.ts'

export function prepareGetRecord(db: StoreDatabase): (key: string) => RecordRow | undefined {
  const query = db
    .select(named(getTableColumns(records)))
    .from(records)
    .where(eq(records.key, sql.placeholder('key')))
  return directGet(db, query) as (key: string) => RecordRow | undefined
}
