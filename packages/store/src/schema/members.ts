import { integer, sqliteTable, text } from '../drizzle.ts'

/** Every other coordinator that this one has heard of, by its instance id. */
export const members = sqliteTable('members', {
  instance: text().primaryKey(),
  /** Its configured name; empty while nothing but its feed is known. */
  nodeId: text('node_id').notNull().default(''),
  url: text().notNull().default(''),
  /** 1 when it has answered a challenge at its URL; else others named it. */
  verified: integer().notNull().default(1),
  /** Of its program. */
  version: text().notNull().default(''),
  /** The highest incarnation known of it. */
  incarnation: integer().notNull().default(0),
  /** The highest turn that this coordinator saw of it. */
  turnSeen: integer('turn_seen').notNull().default(0),
  /** How far its feed was read. */
  feedCursor: integer('feed_cursor').notNull().default(0),
  /** Milliseconds since 1970. */
  firstSeenAt: integer('first_seen_at').notNull(),
  lastSeenAt: integer('last_seen_at').notNull(),
  /** 1 when it will never return under this instance id. */
  forgotten: integer().notNull().default(0),
  /** When it was found to be gone, because another instance answers at its URL or because it was forgotten, in milliseconds since 1970. */
  goneAt: integer('gone_at'),
})

export type MemberRow = typeof members.$inferSelect
