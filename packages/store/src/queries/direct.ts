/**
 * Statements of the hot path. Drizzle makes them out of the schema like all others, and the driver runs them: for each of a row's 24
 * columns, Drizzle's own `run` and `get` would look anew at what kind of a parameter or field it is.
 */
import type { Database } from 'better-sqlite3'
import type { SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'

/** What Drizzle makes of a query; a parameter is a placeholder, or stands around one. */
interface Query {
  toSQL(): { readonly sql: string; readonly params: readonly unknown[] }
}

/** Columns to select so that a row comes back under the names of the schema, which are not those in the database. */
export function named<Name extends string>(columns: Record<Name, SQLiteColumn | SQL>): Record<Name, SQL.Aliased> {
  const entries = Object.entries<SQLiteColumn | SQL>(columns).map(([name, column]) => [name, sql`${column}`.as(name)])
  return Object.fromEntries(entries) as Record<Name, SQL.Aliased>
}

/** A query for one row, whose columns are `named`. Its placeholders take the values in their order in the statement. */
export function directGet(db: StoreDatabase, query: Query): (...values: readonly (string | number)[]) => unknown {
  const statement = clientOf(db).prepare(query.toSQL().sql)
  return (...values) => statement.get(...values)
}

/** The same for many rows. */
export function directAll(db: StoreDatabase, query: Query): (...values: readonly (string | number)[]) => unknown[] {
  const statement = clientOf(db).prepare(query.toSQL().sql)
  return (...values) => statement.all(...values)
}

/**
 * A statement that takes the value of each placeholder from the row that it is given, where no column needs a conversion. Says how many
 * rows it changed.
 */
export function directRun(db: StoreDatabase, query: Query): (row: object) => number {
  const { sql: text, params } = query.toSQL()
  const statement = clientOf(db).prepare(text)
  const names = params.map((param) => placeholderOf(param))
  return (row) => statement.run(names.map((name) => (row as Record<string, unknown>)[name])).changes
}

function placeholderOf(param: unknown): string {
  const { name, value } = param as { name?: string; value?: { name: string } }
  return name ?? value!.name
}

function clientOf(db: StoreDatabase): Database {
  return (db as StoreDatabase & { readonly $client: Database }).$client
}
