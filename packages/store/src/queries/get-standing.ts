import { eq, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { type RecordRow, records } from '../schema/records.ts'
import { directGet, named } from './direct.ts'

const { epochN, epochNode, generation, ballotN, ballotNode, writtenAt, finishedAt } = records

/** What of a record's row says how new it is, and whether it can still change. */
export type StandingRow = Pick<
  RecordRow,
  'epochN' | 'epochNode' | 'generation' | 'ballotN' | 'ballotNode' | 'writtenAt' | 'finishedAt'
>

export function prepareGetStanding(db: StoreDatabase): (key: string) => StandingRow | undefined {
  const query = db
    .select(named({ epochN, epochNode, generation, ballotN, ballotNode, writtenAt, finishedAt }))
    .from(records)
    .where(eq(records.key, sql.placeholder('key')))
  return directGet(db, query) as (key: string) => StandingRow | undefined
}
