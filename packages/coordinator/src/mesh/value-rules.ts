import type { RecordValue } from '@skyclaw/protocol'

/** What the mesh must know of the values it keeps. All pure. */
export interface ValueRules {
  /** Whether the value never changes again. */
  isFinal(value: RecordValue): boolean
  /** Whether the value has ended by itself, and not by giving way to a twin. */
  isSettled(value: RecordValue): boolean
  /** Milliseconds since 1970. */
  createdAt(value: RecordValue): number
  /** What a derived key begins with, when it is one: the rest names the replica set that it was made in. */
  baseOf(key: string): string | undefined
  /** By which a record is found besides its key. */
  tagOf(value: RecordValue): string | undefined
  /** What becomes of a creation that nobody was ever told of, when its deadline has passed; null while it has not. */
  lapsed(value: RecordValue, now: number): RecordValue | null
  /** The value of the twin that stands, with the other noted on it; null when there is nothing to note. */
  withTwin(value: RecordValue, twinKey: string, now: number): RecordValue | null
  /** What a twin becomes that gives way to the record under `standingKey`; null when it stays as it is. */
  asDuplicate(value: RecordValue, standingKey: string, now: number): RecordValue | null
}
