import type { LedgerRecord, ResponseOf, Routes } from '@skyclaw/protocol'
import { limits } from '@skyclaw/protocol'
import type { PulledPage, PulledRecord, PullRequest } from '../mesh/mesh.ts'
import { wrongRecord } from './message-check.ts'
import type { PeerClient } from './peer-client.ts'
import { PeerError } from './peer-error.ts'

type FeedRecord = ResponseOf<Routes['readFeed']>['records'][number]

/** Reads a page of an instance's feed. Rejects with a PeerError, also when another instance answers or a record makes no sense. */
export async function readFeedPage(
  client: PeerClient,
  from: string,
  request: PullRequest,
  timeoutMs: number,
): Promise<PulledPage> {
  const { since, limit, brief } = request
  const query = { since: `${since}`, limit: `${limit}`, ...(brief && { brief: '1' }) }
  const page = await client.call('readFeed', { query, timeoutMs, maxAnswerBytes: limits.largeBodyBytes })
  if (page.instance !== from) {
    throw new PeerError('malformed', `answered as instance ${page.instance}, and ${from} was asked`)
  }
  return { request, records: page.records.map((record) => toPulled(record)), next: page.next, more: page.more }
}

function toPulled({ seq, key, version, set, moved, writtenAt, value }: FeedRecord): PulledRecord {
  if (!set || writtenAt === undefined || !value) return { seq, key, version }
  const record: LedgerRecord = { key, version, set, ...(moved && { moved }), writtenAt, value }
  const wrong = wrongRecord(record)
  if (wrong !== undefined) throw new PeerError('malformed', `has a feed in which ${wrong}`)
  return { seq, key, version, record }
}
