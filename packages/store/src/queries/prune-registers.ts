import { and, asc, inArray, lt, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { registers } from '../schema/registers.ts'
import { boundLimit } from './bound.ts'

/** Deletes registers that accepted nothing and were last touched before a time, the oldest first; says how many. */
export function preparePruneRegisters(db: StoreDatabase): (before: number, limit: number) => number {
  const old = db
    .select({ key: registers.key })
    .from(registers)
    .where(and(sql`accepted_n is null`, lt(registers.touchedAt, sql.placeholder('before'))))
    .orderBy(asc(registers.touchedAt))
    .limit(boundLimit)
  const statement = db.delete(registers).where(inArray(registers.key, old)).prepare()
  return (before, limit) => statement.run({ before, limit }).changes
}
