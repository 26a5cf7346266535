import type { Placeholder, SQL } from 'drizzle-orm'
import { getTableColumns, sql } from '../drizzle.ts'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'

/** What an upsert needs that writes all columns of a row: a placeholder for each, and what replaces a row that is there. */
export function wholeRow<T extends SQLiteTable>(table: T) {
  const columns = Object.entries(getTableColumns(table))
  const values = Object.fromEntries(columns.map(([name]) => [name, sql.placeholder(name)]))
  const set = Object.fromEntries(columns.map(([name, column]) => [name, sql.raw(`excluded.${column.name}`)]))
  return {
    values: values as Record<keyof T['$inferSelect'], Placeholder>,
    set: set as Record<keyof T['$inferSelect'], SQL>,
  }
}
