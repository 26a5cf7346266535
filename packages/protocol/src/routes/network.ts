import { Type } from '@sinclair/typebox'
import { limits } from '../limits.ts'
import { HostAge, Member, MemberNews, Sighting } from '../member.ts'
import { PeerView, SelfView } from '../network-view.ts'
import { defineRoute } from '../route.ts'
import { closed, Id } from '../schema.ts'

const Url = Type.String({ format: 'http-url', maxLength: 2_048 })
const ProgramVersion = Type.String({ minLength: 1, maxLength: limits.nameChars })
const HostAges = Type.Array(HostAge, { maxItems: limits.gossipHosts })

/** Version of the messages between coordinators. Any number passes the schema, so that another version is told as what it is. */
export const MessagesVersion = Type.Integer({ minimum: 1, maximum: 1_000_000 })

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
  summary:
    'Ask for the list of members. Who is one is configured; refused with `standalone` by a coordinator without peers',
  auth: true,
  idempotency: 'answer',
  body: closed({ nodeId: Id, instance: Id, url: Url, version: ProgramVersion }),
  response: Type.Object({ self: Member, peers: Type.Array(Member) }),
  bodyLimitBytes: limits.bodyBytes,
})

export const gossip = defineRoute({
  method: 'POST',
  path: '/v1/network/gossip',
  summary: 'Exchange signs of life and when hosts were heard; refused with `standalone` by a coordinator without peers',
  auth: true,
  idempotency: 'answer',
  body: closed({ version: MessagesVersion, self: MemberNews, hosts: HostAges }),
  response: Type.Object({ version: MessagesVersion, self: MemberNews, hosts: HostAges, seen: Sighting }),
  bodyLimitBytes: limits.largeBodyBytes,
})
