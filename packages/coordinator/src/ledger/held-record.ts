import type { LedgerRecord } from '@skyclaw/protocol'
import type { RecordHead, RecordRow, RegisterRow } from '@skyclaw/store'
import type { Register } from '../mesh/store.ts'
import { compareBallots, compareTerms } from '../mesh/version.ts'
import type { Holding } from './base-index.ts'
import { toRecord } from './record-index.ts'
import { toRegister } from './register-row.ts'

/** What this coordinator holds under one key: what it knows, its register, and where they stand on disk. */
export interface HeldRecord {
  readonly key: string
  /** What the index of bases was told of it last. */
  holding: Holding
  known: LedgerRecord | undefined
  /** The known value's row without the value. */
  head: RecordHead | undefined
  /** The same as it is on disk. */
  headOnDisk: RecordHead | undefined
  /** The length of the texts of the known value and of the register's row. */
  chars: number
  /** The register's part of it, as it was last read or written. */
  registerChars: number
  register: Register | undefined
  /** Whether the accepted value is not known to be chosen. */
  unlearned: boolean
  /** Whether the record's row on disk says what was promised, and whether there is a row of the register. */
  promiseOnDisk: boolean
  registerOnDisk: boolean
  /** The known value's text, until it is on disk. */
  unwritten: string | undefined
  /** Whether the known value or the register is not on disk as it is here. */
  recordChanged: boolean
  registerChanged: boolean
}

export function heldFromRows(
  key: string,
  record: RecordRow | undefined,
  register: RegisterRow | undefined,
): HeldRecord {
  const known = record && toRecord(record)
  const head = record && headOf(record)
  return {
    key,
    holding: record || register?.acceptedN != null ? 'value' : register ? 'promise' : 'nothing',
    known,
    head,
    headOnDisk: head,
    chars: (record?.value.length ?? 0) + (register?.proposal?.length ?? 0),
    registerChars: register?.proposal?.length ?? 0,
    register: register ? toRegister(register) : record && known && settledRegister(record, known),
    unlearned: register?.unlearned === 1,
    promiseOnDisk: record !== undefined && record.promisedN !== null,
    registerOnDisk: register !== undefined,
    unwritten: undefined,
    recordChanged: false,
    registerChanged: false,
  }
}

/** The register whose accepted value is the known one: the record's row says it all but what was promised. */
function settledRegister({ promisedN, promisedNode }: RecordRow, known: LedgerRecord): Register | undefined {
  if (promisedN === null || promisedNode === null) return undefined
  const { key, version, set, writtenAt, value } = known
  return {
    key,
    ...(version.epoch && { epoch: version.epoch }),
    generation: version.generation,
    set,
    promised: { n: promisedN, node: promisedNode },
    accepted: version.ballot,
    proposal: { value, writtenAt },
    touchedAt: writtenAt,
  }
}

/** Whether the record's row can stand for the register as well. By its objects: one that merely looks the same keeps a row of its own. */
export function isSettled({ known, register, unlearned }: HeldRecord): boolean {
  if (!known || !register?.promised || !register.proposal || unlearned || known.moved) return false
  const { proposal, set } = register
  if (proposal.value !== known.value || proposal.writtenAt !== known.writtenAt || proposal.moved) return false
  if (compareTerms(register, known.version) !== 0) return false
  if (compareBallots(register.accepted, known.version.ballot) !== 0) return false
  return set === known.set || (set.m === known.set.m && set.replicas.join() === known.set.replicas.join())
}

/** What is held under a key that is new. */
export function heldNothing(key: string): HeldRecord {
  return heldFromRows(key, undefined, undefined)
}

/** The text is not kept beside what it says. Overwritten, since to leave a field out of so many takes far longer. */
function headOf(row: RecordRow): RecordHead {
  return { ...row, value: '' } as RecordHead
}
