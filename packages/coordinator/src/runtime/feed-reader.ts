import type { ResponseOf, Routes } from '@skyclaw/protocol'
import { limits } from '@skyclaw/protocol'
import type { PulledPage, PulledRecord, PullRequest } from '../mesh/mesh.ts'
import { wrongRecord } from './message-check.ts'
import type { PeerClient } from './peer-client.ts'
import { PeerError } from './peer-error.ts'

type FeedRecord = ResponseOf<Routes['readFeed']>['records'][number]

export interface FeedReading {
  readonly timeoutMs: number
  /** Told of each record that makes no sense. It is left out: for its sake alone the rest must not stay unread for ever. */
  readonly onWrong: (key: string, reason: string) => void
}

/** Reads a page of an instance's feed. Rejects with a PeerError, also when another instance answers. */
export async function readFeedPage(
  client: PeerClient,
  from: string,
  request: PullRequest,
  { timeoutMs, onWrong }: FeedReading,
): Promise<PulledPage> {
  const { since, limit, brief } = request
  const query = { since: `${since}`, limit: `${limit}`, ...(brief && { brief: '1' }) }
  const page = await client.call('readFeed', { query, timeoutMs, maxAnswerBytes: limits.largeBodyBytes })
  if (page.instance !== from) {
    throw new PeerError('malformed', `answered as instance ${page.instance}, and ${from} was asked`)
  }
  const records = page.records.map((record) => toPulled(record))
  const wrong = wrongOrder(request, { ...page, records })
  if (wrong !== undefined) throw new PeerError('malformed', `has a feed in which ${wrong}`)
  const right = records.filter(({ key, record }) => {
    const reason = record && wrongRecord(record)
    if (reason !== undefined) onWrong(key, reason)
    return reason === undefined
  })
  return { request, records: right, next: page.next, more: page.more }
}

/** What was read is remembered by its number: one that leaps would hide records for ever, and one that stands still would be asked for again at once. */
function wrongOrder({ since, limit, brief }: PullRequest, { records, next, more }: Omit<PulledPage, 'request'>) {
  if (records.length > limit) return `a page has ${records.length} records, and ${limit} were asked for`
  let last = since
  for (const { key, seq, record } of records) {
    if (seq <= last) return `${key} has number ${seq}, after ${last}`
    if (!brief && !record) return `${key} has no value`
    last = seq
  }
  if (next !== last) return `${next} comes after ${last}`
  return more && records.length === 0 ? 'more comes after an empty page' : undefined
}

function toPulled({ seq, key, version, set, moved, writtenAt, value }: FeedRecord): PulledRecord {
  if (!set || writtenAt === undefined || !value) return { seq, key, version }
  return { seq, key, version, record: { key, version, set, ...(moved && { moved }), writtenAt, value } }
}
