import { and, desc, eq, lt, or, type SQL, sql } from 'drizzle-orm'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'

export interface RecordFilter {
  readonly kind: string
  readonly status?: string | undefined
  /** Only leased jobs have one. */
  readonly hostId?: string | undefined
}

/** Where a page begins: after this place. */
export interface RecordPosition {
  readonly sequence: number
  readonly key: string
}

type Bounds = RecordPosition & {
  readonly limit: number
  readonly status?: string
  readonly hostId?: string
  readonly kind: string
}

/** Records of a kind, newest first, each shape of filter with an index of its own. */
export function prepareListRecords(db: StoreDatabase) {
  const after = or(
    lt(records.sequence, sql.placeholder('sequence')),
    and(eq(records.sequence, sql.placeholder('sequence')), lt(records.key, sql.placeholder('key'))),
  )
  const prepare = (...conditions: SQL[]) =>
    db
      .select()
      .from(records)
      .where(and(...conditions, lte(records.sequence), after))
      .orderBy(desc(records.sequence), desc(records.key))
      .limit(sql.placeholder('limit'))
      .prepare()
  const byKind = prepare(eq(records.kind, sql.placeholder('kind')))
  const byStatus = prepare(eq(records.status, sql.placeholder('status')))
  const byHost = prepare(eq(records.hostId, sql.placeholder('hostId')))
  return (filter: RecordFilter, position: RecordPosition | undefined, limit: number): Iterable<RecordRow> => {
    const { sequence, key } = position ?? { sequence: Number.MAX_SAFE_INTEGER, key: '' }
    const bounds = { kind: filter.kind, sequence, key, limit } satisfies Bounds
    if (filter.hostId !== undefined) {
      const rows = byHost.all({ ...bounds, hostId: filter.hostId })
      return filter.status === undefined ? rows : rows.filter((row) => row.status === filter.status)
    }
    return filter.status === undefined ? byKind.all(bounds) : byStatus.all({ ...bounds, status: filter.status })
  }
}

/** Says the upper bound to the index as well, which an OR alone would hide from it. */
function lte(column: typeof records.sequence): SQL {
  return sql`${column} <= ${sql.placeholder('sequence')}`
}
