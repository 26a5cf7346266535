import { type Static, Type } from '@sinclair/typebox'
import { limits } from './limits.ts'
import { Ballot, Epoch, LedgerRecord, RecordValue, ReplicaSet, Version } from './record.ts'
import type { WireRange } from './member.ts'
import { closed, constants, Counter, Millis, tagged, text } from './schema.ts'

/** The version of the messages between coordinators. */
export const wireVersion = 1

/** The versions that this program understands: its own and the one before, so that coordinators can be upgraded one after another. */
export const wireRange: WireRange = { min: Math.max(1, wireVersion - 1), max: wireVersion }

/** The highest version that both understand, or undefined. */
export function commonWireVersion(one: WireRange, other: WireRange): number | undefined {
  const highest = Math.min(one.max, other.max)
  return highest >= Math.max(one.min, other.min) ? highest : undefined
}

const Key = LedgerRecord.properties.key

/** Which register of a record, and which round on it. A reply repeats them, and is matched by them. */
const round = { key: Key, epoch: Type.Optional(Epoch), generation: Counter, ballot: Ballot }

/** A value that is to be accepted. Retransmissions are the same, byte by byte. */
export const Proposal = closed({
  value: RecordValue,
  moved: Type.Optional(ReplicaSet),
  writtenAt: Millis,
})
export type Proposal = Static<typeof Proposal>

const request = {
  ...round,
  set: ReplicaSet,
  /** The `writtenAt` of the value that the proposer builds on; left out when it builds on none. */
  basis: Type.Optional(Millis),
  /** In generations after the first: what the proposer knows of the record, from which a replica that missed the move starts. */
  base: Type.Optional(LedgerRecord),
}

export const Prepare = closed({ type: Type.Literal('prepare'), ...request })
export type Prepare = Static<typeof Prepare>

export const Accept = closed({
  type: Type.Literal('accept'),
  ...request,
  proposal: Proposal,
  /** Promised together with the acceptance: the proposer may go on from here, or another replica to which it leaves that, its heir. */
  next: Ballot,
})
export type Accept = Static<typeof Accept>

const AcceptedProposal = closed({ ballot: Ballot, proposal: Proposal })

export const Promised = closed({
  type: Type.Literal('promised'),
  ...round,
  accepted: Type.Optional(AcceptedProposal),
})
export type Promised = Static<typeof Promised>

export const Accepted = closed({ type: Type.Literal('accepted'), ...round })
export type Accepted = Static<typeof Accepted>

const phase = constants('prepare', 'accept')

export const Refused = closed({
  type: Type.Literal('refused'),
  ...round,
  phase,
  /** `ballot`: a higher one was promised. `not_ready`: has not caught up yet. `gone`: holds nothing, and what is as old was forgotten. `foreign`: not its register. */
  reason: constants('ballot', 'not_ready', 'gone', 'foreign'),
  promised: Type.Optional(Ballot),
})
export type Refused = Static<typeof Refused>

/** The record has left that register: the chosen value from which the proposer goes on. */
export const Moved = closed({ type: Type.Literal('moved'), ...round, phase, record: LedgerRecord })
export type Moved = Static<typeof Moved>

/** A value was chosen. Without a record it is the one that the receiver accepted under that version. */
export const Learn = closed({
  type: Type.Literal('learn'),
  key: Key,
  version: Version,
  record: Type.Optional(LedgerRecord),
})
export type Learn = Static<typeof Learn>

/** What do you hold under this key, under keys that begin so, or with this tag? */
export const Ask = closed({
  type: Type.Literal('ask'),
  id: text(limits.nameChars, { minLength: 1 }),
  by: constants('key', 'base', 'tag'),
  text: Key,
})
export type Ask = Static<typeof Ask>

/** What is held of one record: the known value, and the accepted one when it is above that. */
export const Holding = closed({
  key: Key,
  known: Type.Optional(LedgerRecord),
  accepted: Type.Optional(closed({ version: Version, set: ReplicaSet, proposal: Proposal })),
})
export type Holding = Static<typeof Holding>

export const Told = closed({
  type: Type.Literal('told'),
  id: Ask.properties.id,
  holdings: Type.Array(Holding, { maxItems: limits.toldRecords }),
})
export type Told = Static<typeof Told>

/** What coordinators say to each other about records. */
export const PeerMessage = tagged('type', [Prepare, Accept, Promised, Accepted, Refused, Moved, Learn, Ask, Told])
export type PeerMessage = Static<typeof PeerMessage>
