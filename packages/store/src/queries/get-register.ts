import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { type RegisterRow, registers } from '../schema/registers.ts'

export function prepareGetRegister(db: StoreDatabase): (key: string) => RegisterRow | undefined {
  const statement = db
    .select()
    .from(registers)
    .where(eq(registers.key, sql.placeholder('key')))
    .prepare()
  return (key) => statement.get({ key })
}
