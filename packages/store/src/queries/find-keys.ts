import { and, asc, eq, gte, isNotNull, lt, sql } from 'drizzle-orm'
import type { StoreDatabase } from '../open.ts'
import { records } from '../schema/records.ts'
import { registers } from '../schema/registers.ts'

/** No key has a character as high as this one. */
const afterAll = '\u{10FFFF}'

/** Keys of records, and of registers that accepted a value, that begin with a text; in order. */
export function prepareFindKeysByBase(db: StoreDatabase): (base: string, limit: number) => string[] {
  const limit = sql.placeholder('limit')
  const within = (column: typeof records.key | typeof registers.key) =>
    and(gte(column, sql.placeholder('base')), lt(column, sql.placeholder('end')))
  const known = db
    .select({ key: records.key })
    .from(records)
    .where(within(records.key))
    .orderBy(asc(records.key))
    .limit(limit)
    .prepare()
  const accepted = db
    .select({ key: registers.key })
    .from(registers)
    .where(and(within(registers.key), isNotNull(registers.acceptedN)))
    .orderBy(asc(registers.key))
    .limit(limit)
    .prepare()
  return (base, most) => {
    const range = { base, end: `${base}${afterAll}`, limit: most }
    return united(known.all(range), accepted.all(range), most)
  }
}

/** Keys of records, and of registers whose accepted value is not known to be chosen, that bear a tag; in order. */
export function prepareFindKeysByTag(db: StoreDatabase): (tag: string, limit: number) => string[] {
  const prepare = (table: typeof records | typeof registers) =>
    db
      .select({ key: table.key })
      .from(table)
      .where(eq(table.tag, sql.placeholder('tag')))
      .orderBy(asc(table.key))
      .limit(sql.placeholder('limit'))
      .prepare()
  const known = prepare(records)
  const accepted = prepare(registers)
  return (tag, limit) => united(known.all({ tag, limit }), accepted.all({ tag, limit }), limit)
}

interface Keyed {
  readonly key: string
}

function united(some: readonly Keyed[], others: readonly Keyed[], limit: number): string[] {
  return [...new Set([...some, ...others].map(({ key }) => key))].toSorted().slice(0, limit)
}
