import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'

export function prepareGetRecord(db: StoreDatabase): (key: string) => RecordRow | undefined {
  const statement = db
    .select()
    .from(records)
    .where(eq(records.key, sql.placeholder('key')))
    .prepare()
  return (key) => statement.get({ key })
}
