import type { LedgerRecord, PeerMessage, Proposal, RecordValue, ReplicaSet } from '@skyclaw/protocol'
import { brokenInvariant } from '../core/job-invariants.ts'
import { isKeyOf } from '../ledger/record-key.ts'

/**
 * What is wrong with a message of another coordinator that its schema lets through, or undefined. Nothing of a batch is taken when one
 * of its messages is wrong: a peer that sends it is broken, or of another version.
 *
 * @param from the instance that sends it
 */
export function wrongMessage(message: PeerMessage, from: string): string | undefined {
  switch (message.type) {
    case 'prepare':
    case 'accept':
      return wrongRequest(message, from)
    case 'promised':
      return message.accepted && wrongProposal(message.key, message.accepted.proposal)
    case 'moved':
      return wrongRecordOf(message.key, message.record)
    case 'learn':
      return message.record && wrongRecordOf(message.key, message.record)
    case 'told':
      return firstOf(message.holdings, wrongHolding)
    default:
      return undefined
  }
}

/** What is wrong with a record of another coordinator's feed or of a backup, or undefined. */
export function wrongRecord({ key, set, moved, value }: LedgerRecord): string | undefined {
  return wrongSet(set) ?? (moved && wrongSet(moved)) ?? wrongValue(key, value)
}

type Request = Extract<PeerMessage, { type: 'prepare' | 'accept' }>
type Holding = Extract<PeerMessage, { type: 'told' }>['holdings'][number]

function wrongRequest(message: Request, from: string): string | undefined {
  const { key, set, ballot, base } = message
  // A ballot belongs to whoever counted it up: under another's, two values could be proposed.
  if (ballot.node !== from) return `a ${message.type} of ${from} bears the ballot of ${ballot.node}`
  const wrong = wrongSet(set) ?? (base && wrongRecordOf(key, base))
  if (wrong !== undefined || message.type === 'prepare') return wrong
  const { next, proposal } = message
  if (next.node !== from || next.n <= ballot.n) return `the next ballot of ${key} does not follow its ballot`
  return wrongProposal(key, proposal)
}

function wrongHolding({ key, known, accepted }: Holding): string | undefined {
  return (known && wrongRecordOf(key, known)) ?? (accepted && wrongProposal(key, accepted.proposal))
}

function wrongProposal(key: string, { value, moved }: Proposal): string | undefined {
  return (moved && wrongSet(moved)) ?? wrongValue(key, value)
}

function wrongRecordOf(key: string, record: LedgerRecord): string | undefined {
  return record.key === key ? wrongRecord(record) : `a message about ${key} brings the record ${record.key}`
}

function wrongSet({ replicas, m }: ReplicaSet): string | undefined {
  return m <= replicas.length ? undefined : `${m} of ${replicas.length} replicas cannot agree`
}

function wrongValue(key: string, value: RecordValue): string | undefined {
  if (!isKeyOf(key, value)) return `${key} is not the key of its value`
  const broken = value.kind === 'job' ? brokenInvariant(value) : null
  return broken === null ? undefined : `the value of ${key} breaks a rule: ${broken}`
}

function firstOf<T>(items: readonly T[], wrong: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = wrong(item)
    if (found !== undefined) return found
  }
  return undefined
}
