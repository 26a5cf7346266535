import { index, integer, sql, sqliteTable, text } from '../drizzle.ts'

/**
 * The register of each record that this coordinator is a replica of: what it promised and accepted, highest generation only. One whose
 * accepted value is the known one has no row here: its promise stands in the record's row, so that no value is kept twice.
 */
export const registers = sqliteTable(
  'registers',
  {
    key: text().primaryKey(),
    /** 0 for a record that was never begun anew. */
    epochN: integer('epoch_n').notNull().default(0),
    epochNode: text('epoch_node').notNull().default(''),
    generation: integer().notNull(),
    /** JSON, instance ids. */
    replicas: text().notNull(),
    m: integer().notNull(),
    /** The promised ballot; null when nothing was promised. */
    promisedN: integer('promised_n'),
    promisedNode: text('promised_node'),
    /** The accepted ballot; null when nothing was accepted. */
    acceptedN: integer('accepted_n'),
    acceptedNode: text('accepted_node'),
    /** 1 while the accepted value is not known to be chosen. */
    unlearned: integer().notNull(),
    /** The tag of the accepted value while that is not known to be chosen. */
    tag: text(),
    /** When the row was last written, in milliseconds since 1970. */
    touchedAt: integer('touched_at').notNull(),
    /** What was accepted, JSON; null when nothing was. */
    proposal: text(),
  },
  (table) => [
    index('registers_unlearned')
      .on(table.key)
      .where(sql`unlearned = 1`),
    index('registers_tag')
      .on(table.tag, table.key)
      .where(sql`tag is not null`),
    index('registers_promised')
      .on(table.touchedAt)
      .where(sql`accepted_n is null`),
  ],
)

export type RegisterRow = typeof registers.$inferSelect
