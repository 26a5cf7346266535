import { Type } from '@sinclair/typebox'
import { limits } from '../limits.ts'
import { PeerMessage } from '../peer-message.ts'
import { LedgerRecord } from '../record.ts'
import { defineRoute } from '../route.ts'
import { closed, Counter, Cursor, Id, PageLimit } from '../schema.ts'
import { MessagesVersion } from './network.ts'

const Messages = Type.Array(PeerMessage, { maxItems: limits.peerMessages })

export const replicateMessages = defineRoute({
  method: 'POST',
  path: '/v1/replicate/messages',
  summary:
    'Messages of another coordinator about records, as one batch; refused with `not_a_member` when the sender is none',
  auth: true,
  idempotency: 'answer',
  body: closed({
    version: MessagesVersion,
    /** The sender's instance, the process that sends, and its latest durable turn. */
    from: Id,
    boot: Id,
    turn: Counter,
    /** For whom they are meant: another instance may live at this URL by now. */
    to: Id,
    messages: Messages,
  }),
  response: Type.Object({ from: Id, boot: Id, turn: Counter, messages: Messages }),
  bodyLimitBytes: limits.largeBodyBytes,
})

const { key, version, set, moved, writtenAt, value } = LedgerRecord.properties

const FeedRecord = closed(
  {
    seq: Counter,
    key,
    version,
    set: Type.Optional(set),
    moved,
    writtenAt: Type.Optional(writtenAt),
    value: Type.Optional(value),
  },
  'A known value. A brief page has `seq`, `key` and `version` only.',
)

export const readFeed = defineRoute({
  method: 'GET',
  path: '/v1/replicate/feed',
  summary: 'Records in the order in which this coordinator learned them, each once, under its latest number',
  auth: true,
  idempotency: 'none',
  query: closed({
    since: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 })),
    limit: Type.Optional(PageLimit),
    brief: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1, default: 0, description: '1: keys and versions only.' }),
    ),
  }),
  response: Type.Object({
    nodeId: Id,
    instance: Id,
    records: Type.Array(FeedRecord),
    next: Type.Integer({ description: '`since` of the next page.' }),
    more: Type.Boolean(),
  }),
  bodyLimitBytes: 0,
})

export const readSnapshot = defineRoute({
  method: 'GET',
  path: '/v1/replicate/snapshot',
  summary: 'A page of all records: the backup. Each page is what POST accepts',
  auth: true,
  idempotency: 'none',
  query: closed({ limit: Type.Optional(PageLimit), cursor: Type.Optional(Cursor) }),
  response: Type.Object({ nodeId: Id, records: Type.Array(LedgerRecord), nextCursor: Type.Optional(Cursor) }),
  bodyLimitBytes: 0,
})

export const mergeSnapshot = defineRoute({
  method: 'POST',
  path: '/v1/replicate/snapshot',
  summary: 'Merge records: each replaces an older version of itself, never a newer one',
  auth: true,
  idempotency: 'answer',
  body: closed({
    nodeId: Id,
    records: Type.Array(LedgerRecord, { maxItems: limits.snapshotRecords }),
    nextCursor: Type.Optional(Cursor),
    restore: Type.Optional(
      Type.Boolean({
        description:
          'The records are a backup: those whose coordinators are gone are taken over by the ones that live now.',
      }),
    ),
  }),
  response: Type.Object({
    ok: Type.Boolean(),
    changed: Type.Integer({ description: 'Records that were news.' }),
    adopted: Type.Optional(Type.Integer({ description: 'Records that were taken over, when `restore` was set.' })),
  }),
  bodyLimitBytes: limits.largeBodyBytes,
})
