import { and, asc, eq, inArray, lte, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { records } from '../schema/records.ts'
import { bound, boundLimit } from './bound.ts'
import { directAll, named } from './direct.ts'

/** A queued record whose time has come, as far as the queue's order goes. */
export interface DueRecord {
  readonly key: string
  readonly priority: number
  readonly runAt: number
  readonly sequence: number
}

/** The first queued records of a requirement key whose time has come, best first; read from the index alone. */
export function prepareDueRecords(db: StoreDatabase): (requirementKey: string, limit: number) => DueRecord[] {
  const { key, priority, runAt, sequence } = records
  const query = db
    .select(named({ key, priority, runAt, sequence }))
    .from(records)
    .where(and(eq(records.requirementKey, bound('requirementKey')), sql`due = 1`))
    .orderBy(sql`priority desc`, asc(records.runAt), asc(records.sequence), asc(records.key))
    .limit(boundLimit)
  return directAll(db, query) as (requirementKey: string, limit: number) => DueRecord[]
}

export interface Promoted {
  readonly key: string
  readonly requirementKey: string | null
}

/** Marks scheduled records whose time has come as due, the longest overdue first. */
export function preparePromoteDue(db: StoreDatabase): (now: number, limit: number) => Promoted[] {
  const overdue = db
    .select({ key: records.key })
    .from(records)
    .where(and(sql`due = 0`, lte(records.runAt, sql.placeholder('now'))))
    .orderBy(asc(records.runAt))
    .limit(boundLimit)
  const statement = db
    .update(records)
    .set({ due: 1 })
    .where(inArray(records.key, overdue))
    .returning({ key: records.key, requirementKey: records.requirementKey })
    .prepare()
  return (now, limit) => statement.all({ now, limit })
}

/** When the next scheduled record is due, in milliseconds since 1970; null when none is scheduled. */
export function prepareNextRunAt(db: StoreDatabase): () => number | null {
  const statement = db
    .select({ runAt: sql<number | null>`min(${records.runAt})` })
    .from(records)
    .where(sql`due = 0`)
    .prepare()
  return () => statement.get()?.runAt ?? null
}
