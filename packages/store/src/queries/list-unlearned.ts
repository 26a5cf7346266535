import { and, asc, gt, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { registers } from '../schema/registers.ts'
import { boundLimit } from './bound.ts'

/** Keys of registers whose accepted value is not known to be chosen, in order, after a key. */
export function prepareListUnlearned(db: StoreDatabase): (after: string, limit: number) => string[] {
  const statement = db
    .select({ key: registers.key })
    .from(registers)
    .where(and(sql`unlearned = 1`, gt(registers.key, sql.placeholder('after'))))
    .orderBy(asc(registers.key))
    .limit(boundLimit)
    .prepare()
  return (after, limit) => statement.all({ after, limit }).map(({ key }) => key)
}
