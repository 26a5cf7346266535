import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records, type VersionColumns, versionColumns } from '../schema/records.ts'
import { directGet, named } from './direct.ts'

/** What of a record's row says how new it is, and whether it can still change. */
export type StandingRow = VersionColumns & Pick<RecordRow, 'writtenAt' | 'finishedAt'>

export function prepareGetStanding(db: StoreDatabase): (key: string) => StandingRow | undefined {
  const query = db
    .select(named({ ...versionColumns, writtenAt: records.writtenAt, finishedAt: records.finishedAt }))
    .from(records)
    .where(eq(records.key, sql.placeholder('key')))
  return directGet(db, query) as (key: string) => StandingRow | undefined
}
