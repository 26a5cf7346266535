import { type Static, Type } from '@sinclair/typebox'
import { limits } from './limits.ts'
import { closed, constants, Counter, Id } from './schema.ts'

/**
 * What is believed of a coordinator. `suspect`: it does not answer, and may refute that. `dead`: it did not refute in time; it may come
 * back. `replaced`: another instance answers in its place. `forgotten`: an operator said that it never returns, for good.
 */
export const MemberState = constants('alive', 'suspect', 'dead', 'replaced', 'forgotten')
export type MemberState = Static<typeof MemberState>

const MemberUrl = Type.String({ maxLength: 2_048 })
const ProgramVersion = Type.String({ maxLength: limits.nameChars })

/** A coordinator as the others know it. `instance` is made with its database, `nodeId` is configured. */
export const Member = Type.Object({
  nodeId: Id,
  instance: Id,
  url: MemberUrl,
  version: ProgramVersion,
  state: MemberState,
})
export type Member = Static<typeof Member>

const WireNumber = Type.Integer({ minimum: 1, maximum: 1_000_000 })

/** Versions of the messages between coordinators that one of them understands. */
export const WireRange = closed({ min: WireNumber, max: WireNumber })
export type WireRange = Static<typeof WireRange>

/** What one coordinator tells another about a third, or about itself: news when it goes before what is known by state and incarnation. */
export const MemberUpdate = closed({
  ...Member.properties,
  wire: WireRange,
  /** Counted up by the member alone, to refute what is said about it; a record of it with a higher one is newer. */
  incarnation: Counter,
  /** Whether it has caught up once, and can keep records. */
  ready: Type.Boolean(),
  /** The instance that says it is suspect or dead: two that say so independently weigh more. */
  by: Type.Optional(Id),
})
export type MemberUpdate = Static<typeof MemberUpdate>

/** What a coordinator says of itself to the others. */
export const MemberNews = closed({
  ...MemberUpdate.properties,
  /** Names the process: a restart has another one. */
  boot: Id,
  /** Of its latest durable turn. */
  turn: Counter,
  /** The number of its latest change of what it knows: where its feed ends. */
  feedSeq: Counter,
})
export type MemberNews = Static<typeof MemberNews>

/** How long ago a coordinator heard a host. Ages, not times, so that clocks need not agree. */
export const HostAge = closed({ id: Id, ageMs: Counter })
export type HostAge = Static<typeof HostAge>

/** What a coordinator has seen of the one that asks: by it a copied database is noticed. */
export const Sighting = Type.Object({
  known: Type.Boolean({ description: 'Whether the answerer counts it as a member, and takes its messages.' }),
  turn: Type.Integer({ minimum: 0, description: 'The highest turn seen of that instance; 0 when it was never heard.' }),
  url: Type.Optional(
    Type.String({ maxLength: 2_048, description: 'Where the same instance answers as another process.' }),
  ),
  forgotten: Type.Optional(
    Type.Boolean({ description: 'An operator had this instance forgotten: it must not return under its id.' }),
  ),
})
export type Sighting = Static<typeof Sighting>
