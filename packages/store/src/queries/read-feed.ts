import { asc, eq, gt, max, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { meta } from '../schema/meta.ts'
import { type RecordRow, records, type VersionColumns, versionColumns } from '../schema/records.ts'
import { boundLimit } from './bound.ts'
import { directAll, named } from './direct.ts'

/** Rows read at once: a row can have megabytes, and the reader stops where its page is full. */
const rowsPerRead = 16

const feedKey = 'feed'

/** Records changed after a number of the feed, in the feed's order; read as they are asked for. */
export function prepareReadFeed(db: StoreDatabase): (since: number, limit: number) => Iterable<RecordRow> {
  const statement = db
    .select()
    .from(records)
    .where(gt(records.feedSeq, sql.placeholder('since')))
    .orderBy(asc(records.feedSeq))
    .limit(boundLimit)
    .prepare()
  return function* (since, limit) {
    let after = since
    for (let left = limit; left > 0; left -= rowsPerRead) {
      const rows = statement.all({ since: after, limit: Math.min(left, rowsPerRead) })
      yield* rows
      if (rows.length < rowsPerRead) return
      after = rows.at(-1)!.feedSeq
    }
  }
}

/** A record in the feed by its name and version only. */
export type FeedHead = VersionColumns & Pick<RecordRow, 'key' | 'feedSeq'>

/** The same by names and versions only. */
export function prepareReadFeedHeads(db: StoreDatabase): (since: number, limit: number) => FeedHead[] {
  const query = db
    .select(named({ key: records.key, feedSeq: records.feedSeq, ...versionColumns }))
    .from(records)
    .where(gt(records.feedSeq, sql.placeholder('since')))
    .orderBy(asc(records.feedSeq))
    .limit(boundLimit)
  return directAll(db, query) as (since: number, limit: number) => FeedHead[]
}

/** Remembers the last number given in the feed, for when the record that bears it is deleted. */
export function prepareSaveFeedSeq(db: StoreDatabase): (feedSeq: number) => void {
  const statement = db
    .insert(meta)
    .values({ key: feedKey, value: sql.placeholder('value') })
    .onConflictDoUpdate({ target: meta.key, set: { value: sql`excluded.value` } })
    .prepare()
  return (feedSeq) => void statement.run({ value: String(feedSeq) })
}

/** The last number given in the feed, and the last sequence number of a job. */
export function readCounters(db: StoreDatabase): { feedSeq: number; sequence: number } {
  const saved = db.select().from(meta).where(eq(meta.key, feedKey)).get()
  const feed = db
    .select({ last: max(records.feedSeq) })
    .from(records)
    .get()
  const jobs = db
    .select({ last: max(records.sequence) })
    .from(records)
    .where(eq(records.kind, 'job'))
    .get()
  return { feedSeq: Math.max(feed?.last ?? 0, Number(saved?.value ?? 0)), sequence: jobs?.last ?? 0 }
}
