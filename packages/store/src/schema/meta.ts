import { sqliteTable, text } from '../drizzle.ts'

/** Facts about the database itself: its instance id, the turn counter, the number that the feed had reached, the counters of the mesh. */
export const meta = sqliteTable('meta', {
  key: text().primaryKey(),
  value: text().notNull(),
})
