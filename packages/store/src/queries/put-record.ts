import { type Placeholder, sql } from 'drizzle-orm'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'

const columns = [
  'kind',
  'generation',
  'ballotN',
  'ballotNode',
  'writtenAt',
  'feedSeq',
  'value',
  'sequence',
  'status',
  'hostId',
  'requirementKey',
  'priority',
  'runAt',
  'due',
  'finishedAt',
] as const satisfies (keyof RecordRow)[]

/** Writes the whole row of a record, new or known. */
export function preparePutRecord(db: StoreDatabase): (row: RecordRow) => void {
  const values = Object.fromEntries(['key', ...columns].map((name) => [name, sql.placeholder(name)])) as Record<
    keyof RecordRow,
    Placeholder
  >
  const set = Object.fromEntries(columns.map((name) => [name, sql.raw(`excluded.${records[name].name}`)]))
  const statement = db.insert(records).values(values).onConflictDoUpdate({ target: records.key, set }).prepare()
  return (row) => void statement.run({ ...row })
}
