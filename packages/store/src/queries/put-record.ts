import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'
import { wholeRow } from './whole-row.ts'

/** Writes the whole row of a record, new or known. */
export function preparePutRecord(db: StoreDatabase): (row: RecordRow) => void {
  const { values, set } = wholeRow(records)
  const statement = db.insert(records).values(values).onConflictDoUpdate({ target: records.key, set }).prepare()
  return (row) => void statement.run(row)
}
