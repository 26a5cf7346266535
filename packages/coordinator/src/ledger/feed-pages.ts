import { limits } from '@skyclaw/protocol'
import type { BriefRecord, FeedPage, FeedRecord } from './ledger.ts'
import type { Queries } from './queries.ts'
import { toFeedRecord, toVersion } from './record-index.ts'

/** A page of the feed. It ends early when it grows large. */
export function readFeedPage({ feed }: Pick<Queries, 'feed'>, since: number, limit: number): FeedPage {
  const records: FeedRecord[] = []
  let bytes = 0
  let more = false
  for (const row of feed(since, limit + 1)) {
    bytes += row.value.length
    more = records.length === limit || (records.length > 0 && bytes > limits.pageBytes)
    if (more) break
    records.push(toFeedRecord(row))
  }
  return { records, next: records.at(-1)?.seq ?? since, more }
}

/** The same by names and versions only. */
export function readBriefPage(
  { feedHeads }: Pick<Queries, 'feedHeads'>,
  since: number,
  limit: number,
): FeedPage<BriefRecord> {
  const heads = feedHeads(since, limit + 1)
  const records = heads.slice(0, limit).map((head) => ({ seq: head.feedSeq, key: head.key, version: toVersion(head) }))
  return { records, next: records.at(-1)?.seq ?? since, more: heads.length > limit }
}
