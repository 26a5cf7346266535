import { count, eq, isNotNull, min, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { records } from '../schema/records.ts'

/** How many records there are of each status, read once at start. */
export function countStatuses(db: StoreDatabase): { status: string | null; count: number }[] {
  return db
    .select({ status: records.status, count: count() })
    .from(records)
    .where(isNotNull(records.status))
    .groupBy(records.status)
    .all()
}

/** How many queued records are due for each requirement key, with one of them for its requirement; read once at start. */
export function countDue(db: StoreDatabase): { requirementKey: string | null; count: number; value: string }[] {
  const groups = db
    .select({
      requirementKey: records.requirementKey,
      count: count().as('due_count'),
      sampleKey: min(records.key).as('sample_key'),
    })
    .from(records)
    .where(sql`due = 1`)
    .groupBy(records.requirementKey)
    .as('groups')
  return db
    .select({ requirementKey: groups.requirementKey, count: groups.count, value: records.value })
    .from(groups)
    .innerJoin(records, eq(records.key, groups.sampleKey))
    .all()
}

/** How many leases each host holds, read once at start. */
export function countLeases(db: StoreDatabase): { hostId: string | null; count: number }[] {
  return db
    .select({ hostId: records.hostId, count: count() })
    .from(records)
    .where(isNotNull(records.hostId))
    .groupBy(records.hostId)
    .all()
}
