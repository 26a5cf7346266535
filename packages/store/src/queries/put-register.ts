import type { StoreDatabase } from '../open.ts'
import { type RegisterRow, registers } from '../schema/registers.ts'
import { directRun } from './direct.ts'
import { wholeRow } from './whole-row.ts'

/** Writes the whole row of a register, new or known. */
export function preparePutRegister(db: StoreDatabase): (row: RegisterRow) => void {
  const { values, set } = wholeRow(registers)
  const put = directRun(db, db.insert(registers).values(values).onConflictDoUpdate({ target: registers.key, set }))
  return (row) => void put(row)
}
