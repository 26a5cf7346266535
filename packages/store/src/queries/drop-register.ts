import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { registers } from '../schema/registers.ts'

/** Deletes a register, if there is one. */
export function prepareDropRegister(db: StoreDatabase): (key: string) => void {
  const statement = db
    .delete(registers)
    .where(eq(registers.key, sql.placeholder('key')))
    .prepare()
  return (key) => void statement.run({ key })
}
