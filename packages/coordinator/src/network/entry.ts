import type { MemberNews, MemberState, MemberUpdate, WireRange } from '@skyclaw/protocol'
import type { CallFailure, Peer } from './membership.ts'
import type { Suspicion } from './suspicion.ts'

/** Another coordinator, as it is kept. */
export interface Entry {
  readonly instance: string
  nodeId: string
  url: string
  version: string
  wire: WireRange
  incarnation: number
  state: MemberState
  /** When its state became what it is. */
  since: number
  ready: boolean
  verified: boolean
  /** It is known from before the start, and nobody has said anything of it since. */
  isUnconfirmed: boolean
  /** Who said last that it is suspect or dead. */
  by: string | undefined
  suspicion: Suspicion | undefined
  /** Whether it was exchanged news with since it became alive. */
  isMet: boolean
  /** Exchanges in a row that were made soon, so that the two come to know the same of each other. */
  hurries: number
  knowsUs: boolean
  usable: boolean
  usableSince: number
  news: MemberNews | undefined
  roundTripMs: number | undefined
  answeredAt: number | undefined
  failure: CallFailure | undefined
  /** When the first of the latest failures in a row was. */
  failedAt: number
}

export type EntryStart = Pick<Entry, 'instance' | 'nodeId' | 'url' | 'version' | 'wire' | 'incarnation' | 'state'>

export function createEntry(start: EntryStart, now: number, more: Partial<Entry> = {}): Entry {
  return {
    ...{ since: now, ready: false, verified: false, isUnconfirmed: false, by: undefined, suspicion: undefined },
    ...{
      isMet: false,
      hurries: 0,
      knowsUs: false,
      usable: false,
      usableSince: now,
      news: undefined,
      roundTripMs: undefined,
    },
    ...{ answeredAt: undefined, failure: undefined, failedAt: Number.NEGATIVE_INFINITY },
    ...start,
    ...more,
  }
}

/** Whether it is thought to be there. */
export function isLive({ state, isUnconfirmed }: Pick<Entry, 'state' | 'isUnconfirmed'>): boolean {
  return !isUnconfirmed && (state === 'alive' || state === 'suspect')
}

const ranks: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, replaced: 3, forgotten: 4 }

/** Whether an update goes before what is known: by incarnation, then by the worse state. That an operator forgot it goes before everything. */
export function goesBefore(update: MemberUpdate, entry: Entry): boolean {
  if (entry.state === 'forgotten') return false
  if (update.state === 'forgotten') return true
  if (update.incarnation !== entry.incarnation) return update.incarnation > entry.incarnation
  // Of one that has not said its incarnation yet: whoever says that it is dead may have heard nothing of it since his own start (`toClaim`).
  if (update.incarnation === 0 && update.state === 'dead') return entry.isUnconfirmed
  return entry.isUnconfirmed || ranks[update.state] > ranks[entry.state]
}

/** What others are told of it. */
export function toUpdate({ instance, nodeId, url, version, wire, incarnation, state, ready, by }: Entry): MemberUpdate {
  return {
    ...{ instance, nodeId, url, version, wire, incarnation, state, ready },
    ...(by !== undefined && state !== 'alive' && { by }),
  }
}

/**
 * The same for those who may not know of it at all. Of what nobody has said anything of since the start this coordinator knows no more than
 * that it was there: a claim that any other one goes before.
 */
export function toClaim(entry: Entry): MemberUpdate {
  const update = toUpdate(entry)
  return entry.isUnconfirmed ? { ...update, state: 'dead', incarnation: 0 } : update
}

export function toPeer(entry: Entry): Peer {
  const { instance, nodeId, url, version, wire, incarnation, state, since, ready, verified, usable, knowsUs } = entry
  const { news, roundTripMs, answeredAt, failure } = entry
  return {
    ...{ instance, nodeId, url, version, wire, incarnation, since, ready, verified, usable, knowsUs },
    // What nobody has said anything of since the start is not there yet.
    state: entry.isUnconfirmed && state === 'alive' ? 'dead' : state,
    ...(news && { news }),
    ...(roundTripMs !== undefined && { roundTripMs }),
    ...(answeredAt !== undefined && { answeredAt }),
    ...(failure && { failure }),
  }
}
