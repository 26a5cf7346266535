import type { Accept, Ballot, LedgerRecord, PeerMessage, Proposal, RecordValue, ReplicaSet } from '@skyclaw/protocol'
import { brokenInvariant } from '../core/job-invariants.ts'
import { isKeyOf } from '../ledger/record-key.ts'
import { ballotFor, compareBallots, isInherited, ownerOf } from '../mesh/version.ts'

/** Nobody counts up ballots faster than this, by the millisecond. */
const ballotsPerMs = 1_000

/** However far back the clock is set, ballots up to here are taken. */
const leastCeiling = 1_000_000_000_000_000

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
      return message.accepted && wrongAccepted(message.key, message.accepted)
    case 'refused':
      return message.promised && wrongBallot(message.promised)
    case 'moved':
      return wrongRecordOf(message.key, message.record)
    case 'learn':
      return wrongBallot(message.version.ballot) ?? (message.record && wrongRecordOf(message.key, message.record))
    case 'told':
      return firstOf(message.holdings, wrongHolding)
    default:
      return undefined
  }
}

/** What is wrong with a record of another coordinator's feed or of a backup, or undefined. */
export function wrongRecord({ key, version, set, moved, value }: LedgerRecord): string | undefined {
  return wrongBallot(version.ballot) ?? wrongSet(set) ?? (moved && wrongSet(moved)) ?? wrongValue(key, value)
}

type Request = Extract<PeerMessage, { type: 'prepare' | 'accept' }>
type Holding = Extract<PeerMessage, { type: 'told' }>['holdings'][number]

function wrongRequest(message: Request, from: string): string | undefined {
  const { key, set, ballot, base } = message
  // A ballot belongs to whoever counted it up: under another's, two values could be proposed.
  if (ownerOf(ballot) !== from) return `a ${message.type} of ${from} bears the ballot of ${ballot.node}`
  const wrong = wrongBallot(ballot) ?? wrongSet(set) ?? (base && wrongRecordOf(key, base))
  if (wrong !== undefined || message.type === 'prepare') return wrong
  const { next, proposal } = message
  return wrongNext(message, from) ?? wrongBallot(next) ?? wrongProposal(key, proposal)
}

/** The proposer goes on under a ballot that it has counted, or leaves the one right after its own to another replica. */
function wrongNext({ key, ballot, next, set }: Accept, from: string): string | undefined {
  if (next.node === from && next.n > ballot.n) return undefined
  const heir = ownerOf(next)
  const isLeft = compareBallots(next, ballotFor(heir, ballot)) === 0
  if (isLeft && !isInherited(ballot) && heir !== from && set.replicas.includes(heir)) return undefined
  return `the next ballot of ${key}, ${next.n} of ${next.node}, does not follow its ballot, ${ballot.n} of ${ballot.node}`
}

function wrongHolding({ key, known, accepted }: Holding): string | undefined {
  const wrong = known && wrongRecordOf(key, known)
  if (wrong !== undefined || !accepted) return wrong
  const { version, set, proposal } = accepted
  return wrongSet(set) ?? wrongAccepted(key, { ballot: version.ballot, proposal })
}

function wrongAccepted(key: string, { ballot, proposal }: { ballot: Ballot; proposal: Proposal }): string | undefined {
  return wrongBallot(ballot) ?? wrongProposal(key, proposal)
}

/**
 * Ballots only go up, and whoever meets a higher one goes on from there: one at the end of what can be counted would stop its register
 * for ever, and the coordinators that met it. The ceiling rises faster than anybody counts, so that there is always room above what was
 * taken.
 */
function wrongBallot({ n, node }: Ballot): string | undefined {
  if (n <= Math.max(leastCeiling, Date.now() * ballotsPerMs)) return undefined
  return `ballot ${n} of ${node} is higher than anybody can have counted`
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
