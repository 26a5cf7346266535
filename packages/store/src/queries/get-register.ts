import { eq, getTableColumns, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { type RegisterRow, registers } from '../schema/registers.ts'
import { directGet, named } from './direct.ts'

export function prepareGetRegister(db: StoreDatabase): (key: string) => RegisterRow | undefined {
  const query = db
    .select(named(getTableColumns(registers)))
    .from(registers)
    .where(eq(registers.key, sql.placeholder('key')))
  return directGet(db, query) as (key: string) => RegisterRow | undefined
}
