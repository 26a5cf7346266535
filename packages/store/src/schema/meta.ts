import { sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Facts about the database itself: its instance id, the turn counter, the number that the feed had reached. */
export const meta = sqliteTable('meta', {
  key: text().primaryKey(),
  value: text().notNull(),
})
