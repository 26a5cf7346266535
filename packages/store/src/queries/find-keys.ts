import type { SQL } from 'drizzle-orm'
import { and, asc, eq, gte, isNotNull, lt, sql, union, unionAll } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { records } from '../schema/records.ts'
import { registers } from '../schema/registers.ts'
import { bound, boundLimit } from './bound.ts'
import { directAll, named } from './direct.ts'

/** No key has a character as high as this one. */
const afterAll = '\u{10FFFF}'

/** Keys of records, and of registers that accepted a value, that begin with a text; in order. */
export function prepareFindKeysByBase(db: StoreDatabase): (base: string, limit: number) => string[] {
  const known = db.select({ key: records.key }).from(records).where(between(records.key))
  const kept = db
    .select({ key: registers.key })
    .from(registers)
    .where(and(between(registers.key), isNotNull(registers.acceptedN)))
  const statement = union(known, kept)
    .orderBy(sql`1`)
    .limit(boundLimit)
    .prepare()
  return (base, limit) => statement.all({ from: base, to: `${base}${afterAll}`, limit }).map(({ key }) => key)
}

export interface FoundKey {
  readonly key: string
  /** 1 when there is a record or an accepted value under the key, 0 when a register has promised there, no more. */
  readonly held: number
}

/** Keys of all records and registers from one text up to another, in no order; what has both a record and a register comes twice. */
export function prepareListKeysBetween(db: StoreDatabase): (from: string, to: string, limit: number) => FoundKey[] {
  const known = db
    .select(named({ key: records.key, held: sql`1` }))
    .from(records)
    .where(between(records.key))
  const kept = db
    .select(named({ key: registers.key, held: sql`${registers.acceptedN} is not null` }))
    .from(registers)
    .where(between(registers.key))
  const list = directAll(db, unionAll(known, kept).limit(boundLimit))
  return (from, to, limit) => list(from, to, from, to, limit) as FoundKey[]
}

function between(column: typeof records.key | typeof registers.key): SQL | undefined {
  return and(gte(column, sql.placeholder('from')), lt(column, sql.placeholder('to')))
}

/** Keys of records, and of registers whose accepted value is not known to be chosen, that bear a tag; in order. */
export function prepareFindKeysByTag(db: StoreDatabase): (tag: string, limit: number) => string[] {
  const prepare = (table: typeof records | typeof registers) =>
    db
      .select({ key: table.key })
      .from(table)
      .where(eq(table.tag, bound('tag')))
      .orderBy(asc(table.key))
      .limit(boundLimit)
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
