import type { SQL } from 'drizzle-orm'
import { and, desc, eq, lt, or, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'
import { bound, boundLimit } from './bound.ts'

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

/** Rows read at once: a row can have megabytes, and the reader stops where its page is full. */
const rowsPerRead = 16

/** Records of a kind, newest first, each shape of filter with an index of its own; read as they are asked for. */
export function prepareListRecords(db: StoreDatabase) {
  const after = or(
    lt(records.sequence, sql.placeholder('sequence')),
    and(eq(records.sequence, bound('sequence')), lt(records.key, sql.placeholder('key'))),
  )
  const prepare = (...conditions: SQL[]) =>
    db
      .select()
      .from(records)
      .where(and(...conditions, lte(records.sequence), after))
      .orderBy(desc(records.sequence), desc(records.key))
      .limit(boundLimit)
      .prepare()
  const byKind = prepare(eq(records.kind, bound('kind')))
  const byStatus = prepare(eq(records.status, bound('status')))
  const byHost = prepare(eq(records.hostId, bound('hostId')))
  return function* (
    { kind, status, hostId }: RecordFilter,
    position: RecordPosition | undefined,
    limit: number,
  ): Generator<RecordRow> {
    if (hostId !== undefined && status !== undefined && status !== 'leased') return
    const statement = hostId !== undefined ? byHost : status !== undefined ? byStatus : byKind
    let last = position ?? { sequence: Number.MAX_SAFE_INTEGER, key: '' }
    for (let left = limit; left > 0; left -= rowsPerRead) {
      const { sequence, key } = last
      const rows = statement.all({ kind, status, hostId, sequence, key, limit: Math.min(left, rowsPerRead) })
      yield* rows
      if (rows.length < rowsPerRead) return
      last = rows.at(-1)!
    }
  }
}

/** Says the upper bound to the index as well, which an OR alone would hide from it. */
function lte(column: typeof records.sequence): SQL {
  return sql`${column} <= ${sql.placeholder('sequence')}`
}
