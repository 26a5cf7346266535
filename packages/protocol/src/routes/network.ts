import { Type } from '@sinclair/typebox'
import { limits } from '../limits.ts'
import { Member } from '../member.ts'
import { PeerView, SelfView } from '../network-view.ts'
import { LedgerRecord } from '../record.ts'
import { defineRoute } from '../route.ts'
import { closed, Cursor, Id, PageLimit } from '../schema.ts'

const Url = Type.String({ format: 'http-url', maxLength: 2_048 })
const WireVersion = Type.String({ minLength: 1, maxLength: limits.nameChars })
const PeersAnswer = Type.Object({ self: Member, peers: Type.Array(Member) })

export const listPeers = defineRoute({
  method: 'GET',
  path: '/v1/network/peers',
  summary: 'The coordinators this one knows, and how well the records are kept',
  auth: true,
  idempotency: 'none',
  response: Type.Object({ self: SelfView, peers: Type.Array(PeerView) }),
  bodyLimitBytes: 0,
})

export const joinNetwork = defineRoute({
  method: 'POST',
  path: '/v1/network/join',
  summary: 'Ask to become a member; refused with `standalone` by a coordinator that takes none',
  auth: true,
  idempotency: 'answer',
  body: closed({ nodeId: Id, instance: Id, url: Url, version: WireVersion }),
  response: PeersAnswer,
  bodyLimitBytes: limits.bodyBytes,
})

export const gossip = defineRoute({
  method: 'POST',
  path: '/v1/network/gossip',
  summary: 'Exchange member lists; refused with `standalone` by a coordinator that has no members',
  auth: true,
  idempotency: 'answer',
  body: closed({ self: Member, peers: Type.Array(Member, { maxItems: limits.pageMax }) }),
  response: PeersAnswer,
  bodyLimitBytes: limits.bodyBytes,
})

export const replicateMessages = defineRoute({
  method: 'POST',
  path: '/v1/replicate/messages',
  summary: 'Consensus messages of a peer; refused with `standalone` by a coordinator that has no peers',
  auth: true,
  idempotency: 'answer',
  body: closed({
    from: Id,
    turn: Type.Integer({ minimum: 0 }),
    messages: Type.Array(Type.Object({ type: Type.String({ maxLength: limits.nameChars }) }), {
      maxItems: limits.pageMax,
    }),
  }),
  response: Type.Object({ messages: Type.Array(Type.Unknown()) }),
  bodyLimitBytes: limits.largeBodyBytes,
})

const FeedRecord = closed({ seq: Type.Integer(), ...LedgerRecord.properties })

export const readFeed = defineRoute({
  method: 'GET',
  path: '/v1/replicate/feed',
  summary: 'Records in the order in which this coordinator learned them',
  auth: true,
  idempotency: 'none',
  query: closed({
    since: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 })),
    limit: Type.Optional(PageLimit),
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
