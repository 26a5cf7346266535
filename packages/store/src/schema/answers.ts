import { index, integer, sqliteTable, text } from '../drizzle.ts'

/** First answers to requests that carried an idempotency key, kept for a while by the coordinator that gave them. */
export const answers = sqliteTable(
  'answers',
  {
    /** Hash of the route, its parameters and the client's key. */
    key: text().primaryKey(),
    bodyHash: text('body_hash').notNull(),
    /** JSON. */
    answer: text().notNull(),
    /** Milliseconds since 1970. */
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('answers_expiry').on(table.expiresAt)],
)
