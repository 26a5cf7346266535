import { getTableColumns, index, integer, sql, sqliteTable, text, uniqueIndex } from '../drizzle.ts'

/**
 * Every record of the ledger that this coordinator knows: its latest known value, the value's version, and the columns by which
 * the value is found. Those from `sequence` to `tag` repeat what the value says; they are written with it and by nobody else.
 */
export const records = sqliteTable(
  'records',
  {
    key: text().primaryKey(),
    kind: text().notNull(),
    /** 0 for a record that was never begun anew. */
    epochN: integer('epoch_n').notNull().default(0),
    epochNode: text('epoch_node').notNull().default(''),
    generation: integer().notNull(),
    ballotN: integer('ballot_n').notNull(),
    ballotNode: text('ballot_node').notNull(),
    /** Milliseconds since 1970. */
    writtenAt: integer('written_at').notNull(),
    /** The number of this coordinator's latest change of this record. */
    feedSeq: integer('feed_seq').notNull(),
    /** Who agreed on the value: JSON, instance ids. */
    replicas: text().notNull(),
    /** How many of them must have a change on disk. */
    m: integer().notNull(),
    /** Set on the last value of a generation: the replica set of the next, JSON. */
    moved: text(),
    /** Orders records of a kind by when they were made. */
    sequence: integer().notNull(),
    /** A job's status; null for other kinds. */
    status: text(),
    /** The host that holds the lease of a leased job. */
    hostId: text('host_id'),
    /** Set while a job is queued: what it asks of a host. */
    requirementKey: text('requirement_key'),
    priority: integer(),
    runAt: integer('run_at'),
    /** Set while a job is queued: 1 when its time has come, 0 while it waits for it. */
    due: integer(),
    /** Set on records that never change again: when that was. */
    finishedAt: integer('finished_at'),
    /** By which the record is found besides its key. */
    tag: text(),
    /** JSON. Behind those that are read without it, so that SQLite need not go through it for them. */
    value: text().notNull(),
    /**
     * The ballot that this coordinator, as a replica, has promised in the register that holds just this value, accepted and chosen; null
     * when it keeps no such register. A row of `registers` under the same key counts instead.
     */
    promisedN: integer('promised_n'),
    promisedNode: text('promised_node'),
  },
  (table) => [
    uniqueIndex('records_feed').on(table.feedSeq),
    index('records_list').on(table.kind, table.sequence, table.key),
    index('records_status')
      .on(table.status, table.sequence, table.key)
      .where(sql`status is not null`),
    index('records_lease')
      .on(table.hostId, table.sequence, table.key)
      .where(sql`host_id is not null`),
    index('records_due')
      .on(table.requirementKey, sql`priority desc`, table.runAt, table.sequence, table.key)
      .where(sql`due = 1`),
    index('records_scheduled')
      .on(table.runAt)
      .where(sql`due = 0`),
    index('records_finished')
      .on(table.finishedAt)
      .where(sql`finished_at is not null`),
    index('records_changeable')
      .on(table.key)
      .where(sql`finished_at is null`),
    index('records_tag')
      .on(table.tag, table.key)
      .where(sql`tag is not null`),
  ],
)

export type RecordRow = typeof records.$inferSelect

/** A record's row without its value, which may have megabytes, and what stands behind it. */
export type RecordHead = Omit<RecordRow, 'value' | 'promisedN' | 'promisedNode'>

const { value: _value, promisedN: _promisedN, promisedNode: _promisedNode, ...columns } = getTableColumns(records)

/** What a query selects for the head of a row. */
export const headColumns = columns

/** What says how new a record is. */
export type VersionColumns = Pick<RecordRow, 'epochN' | 'epochNode' | 'generation' | 'ballotN' | 'ballotNode'>

const { epochN, epochNode, generation, ballotN, ballotNode } = columns

/** What a query selects for that. */
export const versionColumns = { epochN, epochNode, generation, ballotN, ballotNode }
