import { Type } from '@sinclair/typebox'
import { limits } from '../limits.ts'
import { HostAge, Member, MemberNews, MemberUpdate, Sighting, WireRange } from '../member.ts'
import { PeerView, SelfView } from '../network-view.ts'
import { defineRoute } from '../route.ts'
import { closed, Id } from '../schema.ts'

const Url = Type.String({ format: 'http-url', maxLength: 2_048 })
const ProgramVersion = Type.String({ minLength: 1, maxLength: limits.nameChars })
const MemberUpdates = Type.Array(MemberUpdate, { maxItems: limits.members })
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
  summary: 'Become a member: answered with the members, after the caller has answered a challenge at its URL',
  auth: true,
  idempotency: 'answer',
  body: closed({ nodeId: Id, instance: Id, url: Url, version: ProgramVersion, wire: Type.Optional(WireRange) }),
  response: Type.Object({ self: Member, peers: Type.Array(Member, { maxItems: limits.members }) }),
  bodyLimitBytes: limits.smallBodyBytes,
})

/** 256 bits as hexadecimal digits. */
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const challengeMember = defineRoute({
  method: 'POST',
  path: '/v1/network/challenge',
  summary:
    'Show that this coordinator is reached at a URL, and knows the token. The caller shows by its proof that it knows the token too, without sending it',
  auth: false,
  idempotency: 'none',
  body: closed({ url: Url, nonce: Hash, proof: Hash }),
  response: Type.Object({ nodeId: Id, instance: Id, boot: Id, proof: Hash }),
  bodyLimitBytes: limits.smallBodyBytes,
})

export const gossip = defineRoute({
  method: 'POST',
  path: '/v1/network/gossip',
  summary: 'Exchange signs of life, news of members and when hosts were heard',
  auth: true,
  idempotency: 'answer',
  body: closed({
    version: MessagesVersion,
    self: MemberNews,
    /** Whether `members` holds all that the sender knows of, and the answer is to do the same. */
    all: Type.Optional(Type.Boolean()),
    members: MemberUpdates,
    hosts: HostAges,
  }),
  response: Type.Object({
    version: MessagesVersion,
    self: MemberNews,
    members: MemberUpdates,
    hosts: HostAges,
    seen: Sighting,
  }),
  bodyLimitBytes: limits.largeBodyBytes,
})

export const probeMember = defineRoute({
  method: 'POST',
  path: '/v1/network/probe',
  summary: 'Ask this coordinator whether another one answers it, when it does not answer the caller',
  auth: true,
  idempotency: 'none',
  body: closed({ version: MessagesVersion, from: Id, target: Id }),
  response: Type.Object({ reached: Type.Boolean() }),
  bodyLimitBytes: limits.smallBodyBytes,
})

export const forgetMember = defineRoute({
  method: 'POST',
  path: '/v1/network/forget',
  summary: 'Say that a dead coordinator never returns, so that its records are kept elsewhere',
  auth: true,
  idempotency: 'answer',
  body: closed({
    node: Type.String({
      minLength: 1,
      maxLength: limits.idChars,
      description: 'Its name, its instance id, or the beginning of one (8 characters at least).',
    }),
    acceptLoss: Type.Optional(
      Type.Boolean({
        description:
          'Go on although records have no quorum without it: they continue from what the live coordinators know.',
      }),
    ),
  }),
  response: Type.Object({
    forgotten: Type.Array(Member),
    adopted: Type.Integer({ minimum: 0, description: 'Records that go on without a quorum of those that kept them.' }),
  }),
  bodyLimitBytes: limits.smallBodyBytes,
})
