import type { Ballot, Epoch, LedgerRecord, Proposal, ReplicaSet, Version } from '@skyclaw/protocol'

/** A record's register at this coordinator: what it promised and accepted. Only the highest generation is kept. */
export interface Register {
  readonly key: string
  readonly epoch?: Epoch | undefined
  readonly generation: number
  readonly set: ReplicaSet
  readonly promised: Ballot | null
  readonly accepted: Ballot | null
  /** What was accepted; null exactly while `accepted` is. */
  readonly proposal: Proposal | null
  /** Milliseconds since 1970: when this row was last written. A promise without a value is forgotten by it. */
  readonly touchedAt: number
}

/** All of a record but its value, which may have megabytes. */
export type KnownHead = Omit<LedgerRecord, 'value'>

/** How new a known value is, and whether it can still change. */
export interface Standing {
  readonly version: Version
  readonly isFinal: boolean
  /** Milliseconds since 1970. */
  readonly writtenAt: number
}

/**
 * What the mesh keeps on disk. Every call happens inside the one transaction of a turn, and its effect is durable when the turn's
 * messages and answers leave. Nothing else writes registers or known values.
 */
export interface MeshStore {
  /** Says that nothing is held under a key: it was made just now, at random. */
  begin(key: string): void
  register(key: string): Register | undefined
  /** `unlearned`: the accepted value is not known to be chosen. */
  putRegister(register: Register, unlearned: boolean): void
  dropRegister(key: string): void

  known(key: string): LedgerRecord | undefined
  /** The same without the value, which is not read for it. */
  standing(key: string): Standing | undefined
  /** Replaces the known value and gives it the next number of the feed. */
  putKnown(record: LedgerRecord): void
  /** Drops the known value, if there is one. */
  dropKnown(key: string): void

  /** Keys, in order, of known records and of registers that accepted a value, that begin with `base`; at most `limit`. */
  keysWithBase(base: string, limit: number): string[]
  /** Keys of known records and of unlearned registers whose value bears the tag; at most `limit`. */
  keysWithTag(tag: string, limit: number): string[]
  /** Keys of registers whose accepted value is not known to be chosen, in order, after a key; at most `limit`. */
  unlearned(after: string, limit: number): string[]
  /** Known records that can still change, in order of their keys, after a key; at most `limit`. */
  changeable(after: string, limit: number): KnownHead[]
  /** Drops registers that accepted nothing and were last touched before a time; at most `limit`. Says how many. */
  pruneRegisters(before: number, limit: number): number

  /** A number that was saved, or 0. */
  counter(name: MeshCounter): number
  saveCounter(name: MeshCounter, value: number): void
  /** How far the feed of another coordinator was read, or 0. */
  feedCursor(instance: string): number
  saveFeedCursor(instance: string, seq: number): void
}

/** `ballot`: every ballot number given so far is below. `bootstrapped`: 1 when this instance has caught up once. */
export type MeshCounter = 'ballot' | 'bootstrapped'
