import { type Static, Type } from '@sinclair/typebox'
import { limits } from './limits.ts'
import { closed, constants, Counter, Id } from './schema.ts'

export const MemberState = constants('alive', 'suspect', 'dead')

/** A coordinator as the others know it. `instance` is made with its database, `nodeId` is configured. */
export const Member = Type.Object({
  nodeId: Id,
  instance: Id,
  url: Type.String({ maxLength: 2_048 }),
  version: Type.String({ maxLength: limits.nameChars }),
  state: MemberState,
})
export type Member = Static<typeof Member>

/** What a coordinator says of itself to the others. */
export const MemberNews = closed({
  ...Member.properties,
  /** Names the process: a restart has another one. */
  boot: Id,
  /** Of its latest durable turn. */
  turn: Counter,
  /** Whether it has caught up once, and can keep records. */
  ready: Type.Boolean(),
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
})
export type Sighting = Static<typeof Sighting>
