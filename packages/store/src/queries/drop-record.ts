import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { records } from '../schema/records.ts'

/** Deletes a record, if there is one. */
export function prepareDropRecord(db: StoreDatabase): (key: string) => void {
  const statement = db
    .delete(records)
    .where(eq(records.key, sql.placeholder('key')))
    .prepare()
  return (key) => void statement.run({ key })
}
