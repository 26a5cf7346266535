import { type Static, Type } from '@sinclair/typebox'
import { Member, MemberState } from './member.ts'
import { constants, Counter, Timestamp } from './schema.ts'

const Ready = Type.Boolean({ description: 'Whether it has caught up once, and can keep records.' })

/** How well the records are kept, as one coordinator knows it. The last four are from its latest whole look at the records. */
export const ReplicationView = Type.Object({
  minReplications: Type.Integer({ minimum: 1, description: 'M: disks that hold a change before it is acknowledged.' }),
  live: Type.Integer({ minimum: 1, description: 'Coordinators that are live, this one included.' }),
  rounds: Type.Integer({ minimum: 0, description: 'Changes under way.' }),
  orphans: Type.Integer({ minimum: 0, description: 'Accepted values that are not known to be chosen.' }),
  belowMinimum: Type.Integer({ minimum: 0, description: 'Records with fewer than M live coordinators of their set.' }),
  underReplicated: Type.Integer({ minimum: 0, description: 'Records kept by fewer coordinators than there could be.' }),
  unresolvedTwins: Type.Integer({
    minimum: 0,
    description: 'Pairs of records of one idempotency key, not yet told apart.',
  }),
  twinsPossible: Type.Integer({
    minimum: 0,
    description: 'Creations since the start that could not ask enough others.',
  }),
})
export type ReplicationView = Static<typeof ReplicationView>

const Count = Type.Integer({ minimum: 0 })

/** What a coordinator has sent to the others since it started, and received from them, over the connections that it made itself. */
export const TrafficView = Type.Object({
  sentBytes: Type.Integer({ minimum: 0, description: 'Bytes of requests, without their heads.' }),
  receivedBytes: Type.Integer({ minimum: 0, description: 'Bytes of answers, without their heads.' }),
  droppedMessages: Type.Integer({ minimum: 0, description: 'Messages for which there was no room or no receiver.' }),
  lostMessages: Type.Integer({ minimum: 0, description: 'Messages of requests that failed.' }),
  sent: Type.Record(Type.String(), Type.Object({ messages: Count, bytes: Count }), {
    description: 'What was sent, by the type of the message; `gossip`, `feed` and other questions count requests.',
  }),
  received: Type.Optional(
    Type.Record(Type.String(), Type.Object({ messages: Count, bytes: Count }), {
      description: 'Answers that came back, by the kind of the request: `messages`, `feed`, `gossip` and so on.',
    }),
  ),
})
export type TrafficView = Static<typeof TrafficView>

/** A coordinator as it sees itself. */
export const SelfView = Type.Object({
  ...Member.properties,
  ready: Type.Optional(Ready),
  now: Type.Optional(Timestamp),
  replication: Type.Optional(ReplicationView),
  standalone: Type.Optional(
    Type.Boolean({ description: 'Whether it never had another one: everything is on one disk.' }),
  ),
  events: Type.Optional(
    Type.Record(Type.String(), Count, {
      description: 'How often each event of the ledger has happened since the start.',
    }),
  ),
  traffic: Type.Optional(TrafficView),
})
export type SelfView = Static<typeof SelfView>

/**
 * What is wrong between the answerer and a coordinator: `unreachable`: others hear it, the answerer gets no answer from it.
 * `stranger`: it answers, and does not count the answerer as a member. `unverified`: it did not answer the challenge at the URL that it
 * is said to have. `name_conflict`: another live instance has the same name. `version`: the two speak no common version.
 * `unheard`: a configured URL at which no coordinator ever answered.
 */
export const PeerTrouble = constants('unreachable', 'stranger', 'unverified', 'name_conflict', 'version', 'unheard')
export type PeerTrouble = Static<typeof PeerTrouble>

/** A coordinator as another one sees it. Name, instance and version are left out as long as it has never been heard. */
export const PeerView = Type.Object({
  nodeId: Type.Optional(Member.properties.nodeId),
  instance: Type.Optional(Member.properties.instance),
  version: Type.Optional(Member.properties.version),
  url: Member.properties.url,
  state: MemberState,
  ready: Type.Optional(Ready),
  lag: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Records of its feed that the answerer has not read yet.' }),
  ),
  roundTripMs: Type.Optional(Type.Number({ minimum: 0, description: 'Milliseconds from a question to its answer.' })),
  lastSeenAt: Type.Optional(Timestamp),
  incarnation: Type.Optional(Counter),
  troubles: Type.Optional(Type.Array(PeerTrouble)),
  detail: Type.Optional(Type.String({ description: 'What the latest failure was, as a sentence.' })),
})
export type PeerView = Static<typeof PeerView>
