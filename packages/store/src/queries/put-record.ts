import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { headColumns, type RecordHead, type RecordRow, records } from '../schema/records.ts'
import { directRun } from './direct.ts'
import { wholeRow } from './whole-row.ts'

/** Statements kept, each for another choice of columns: a job's life has a handful. */
const maxShapes = 64

const headNames = Object.keys(headColumns) as (keyof RecordHead)[]

type Put = (row: RecordRow) => number

/** What is written with each change: no index has it. */
const always = ['value', 'promisedN', 'promisedNode'] as const

/**
 * Writes the row of a record, new or known. `before` is what its row on disk says, where that is known: then only the columns that
 * differ are written, and no index that has none of them is touched.
 */
export function preparePutRecord(db: StoreDatabase): (row: RecordRow, before?: RecordHead) => void {
  const { values, set } = wholeRow(records)
  const whole = directRun(db, db.insert(records).values(values).onConflictDoUpdate({ target: records.key, set }))
  const updates = new Map<string, Put>()
  return (row, before) => {
    if (before && update(row, before)) return
    whole(row)
  }

  function update(row: RecordRow, before: RecordHead): boolean {
    const columns = differing(row, before)
    const shape = columns.join()
    let put = updates.get(shape)
    if (!put) {
      if (updates.size === maxShapes) return false
      put = prepareUpdate(db, columns)
      updates.set(shape, put)
    }
    return put(row) > 0
  }
}

function prepareUpdate(db: StoreDatabase, columns: readonly (keyof RecordRow)[]): Put {
  const set = Object.fromEntries([...columns, ...always].map((name) => [name, sql`${sql.placeholder(name)}`]))
  return directRun(
    db,
    db
      .update(records)
      .set(set)
      .where(eq(records.key, sql.placeholder('key'))),
  )
}

function differing(row: RecordRow, before: RecordHead): (keyof RecordHead)[] {
  const columns: (keyof RecordHead)[] = []
  for (const name of headNames) if (row[name] !== before[name]) columns.push(name)
  return columns
}
