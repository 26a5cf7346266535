import type { Holding, LedgerRecord, PeerMessage, Proposal, ReplicaSet } from '@skyclaw/protocol'
import type { ChangeResult } from '../../../packages/coordinator/src/mesh/mesh.ts'
import type { Contents } from '../history/contents.ts'
import type { DiskWrite } from '../history/disk-mirror.ts'
import { ballotName, setName, type Term, termName } from '../history/order.ts'

type Round = Term & { readonly key: string; readonly ballot: LedgerRecord['version']['ballot'] }

/** One short line for each message. */
export function describeMessage(message: PeerMessage, contents: Contents): string {
  switch (message.type) {
    case 'prepare':
      return `prepare ${roundName(message)} ${setName(message.set)}${basisOf(message.basis)}`
    case 'accept':
      return `accept ${roundName(message)} next ${ballotName(message.next)} ${proposalOf(message.proposal, contents)}${basisOf(message.basis)}`
    case 'promised': {
      const { accepted } = message
      const held = accepted ? `${ballotName(accepted.ballot)} ${proposalOf(accepted.proposal, contents)}` : 'nothing'
      return `promised ${roundName(message)}, holds ${held}`
    }
    case 'accepted':
      return `accepted ${roundName(message)}`
    case 'refused':
      return `refused ${message.phase} ${roundName(message)}: ${message.reason} ${ballotName(message.promised)}`
    case 'moved':
      return `moved ${message.phase} ${roundName(message)}: ${recordOf(message.record, contents)}`
    case 'learn': {
      const { key, version, record } = message
      return `learn ${record ? recordOf(record, contents) : `${key} ${termName(version)} ${ballotName(version.ballot)}`}`
    }
    case 'ask':
      return `ask ${message.id} by ${message.by} ${message.text}`
    case 'told':
      break
  }
  const held = message.holdings.map(({ key, known, accepted }) => {
    const parts = [
      ...(known ? [`known ${recordOf(known, contents)}`] : []),
      ...(accepted ? [acceptedOf(accepted, contents)] : []),
    ]
    return `${key}: ${parts.join('; ')}`
  })
  return `told ${message.id}: ${held.join(' | ')}`
}

function acceptedOf({ version, proposal }: NonNullable<Holding['accepted']>, contents: Contents): string {
  return `accepted ${termName(version)} ${ballotName(version.ballot)} ${proposalOf(proposal, contents)}`
}

/** One short line for each write of the mesh to its store. */
export function describeWrite(write: DiskWrite, contents: Contents): string {
  if (write.kind === 'register') {
    const { key, promised, accepted, proposal, set } = write.row
    const value = proposal ? ` ${proposalOf(proposal, contents)}` : ''
    const held = `promised ${ballotName(promised)} accepted ${ballotName(accepted)}${value}`
    return `register ${key} ${termName(write.row)} ${setName(set)} ${held}${write.unlearned ? ' (unlearned)' : ''}`
  }
  if (write.kind === 'known') return `known ${recordOf(write.record, contents)}`
  if (write.kind === 'counter') return `counter ${write.name} ${write.value}`
  return `${write.kind} ${write.key}`
}

export function describeResult(result: ChangeResult, contents: Contents): string {
  if (!result.ok) return String(result.error)
  return `${result.key} ${result.changed ? 'changed' : 'kept'} ${contents.describe(contents.idOf(result.value))}`
}

function recordOf({ key, version, value, moved, writtenAt }: LedgerRecord, contents: Contents): string {
  const place = `${termName(version)} ${ballotName(version.ballot)}`
  return `${key} ${place} ${contents.describe(contents.idOf(value))}${sealOf(moved)} written ${writtenAt}`
}

function proposalOf({ value, moved, writtenAt }: Proposal, contents: Contents): string {
  return `${contents.describe(contents.idOf(value))}${sealOf(moved)} written ${writtenAt}`
}

function sealOf(moved: ReplicaSet | undefined): string {
  return moved ? ` sealed for ${setName(moved)}` : ''
}

function roundName(round: Round): string {
  return `${round.key} ${termName(round)} ${ballotName(round.ballot)}`
}

function basisOf(basis: number | undefined): string {
  return basis === undefined ? '' : ` basis ${basis}`
}
