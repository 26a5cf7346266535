import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { records } from '../schema/records.ts'

export interface PromiseRow {
  readonly key: string
  readonly promisedN: number | null
  readonly promisedNode: string | null
}

/** Writes what was promised in the register that a record's row stands for; nulls when it stands for none any more. */
export function preparePutPromise(db: StoreDatabase): (row: PromiseRow) => void {
  const statement = db
    .update(records)
    .set({ promisedN: sql`${sql.placeholder('promisedN')}`, promisedNode: sql`${sql.placeholder('promisedNode')}` })
    .where(eq(records.key, sql.placeholder('key')))
    .prepare()
  return (row) => void statement.run({ ...row })
}
