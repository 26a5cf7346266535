import type { Accept, Ballot, LedgerRecord, PeerMessage, Prepare, Promised, Version } from '@skyclaw/protocol'
import { isInherited, ownerOf } from '../../../packages/coordinator/src/mesh/version.ts'
import type { DiskMirror } from './disk-mirror.ts'
import type { History, OnViolation } from './history.ts'
import { ballotName, orderBallots, orderVersions, type Term, termName } from './order.ts'

type Round = Term & { readonly key: string; readonly ballot: Ballot }

/**
 * Compares what leaves a node with what is on its disk: nothing may be told of the disk that was not durable, and no ballot may stand for
 * two things. A proposal tells nothing of the disk but that its ballots are used up.
 */
export class MessageAudit {
  readonly #history: History
  readonly #onViolation: OnViolation
  /** For what each ballot number was used, and what was proposed under it. */
  readonly #uses = new Map<string, string>()
  readonly #proposals = new Map<string, string>()

  constructor(history: History, onViolation: OnViolation) {
    this.#history = history
    this.#onViolation = onViolation
  }

  sent(from: string, message: PeerMessage): void {
    const { type } = message
    if (type === 'prepare') this.#request(from, message)
    else if (type === 'accept') this.#accept(from, message)
    else if (type === 'promised') this.#promised(from, message)
    else if (type === 'accepted') this.#checkHeld(from, message, message.ballot)
    else if (type === 'moved') this.sentRecord(from, message.record)
    else if (type === 'learn') this.#checkChosen(from, message.key, message.version, message.record)
    else if (type === 'told') {
      for (const { key, known, accepted } of message.holdings) {
        if (known) this.sentRecord(from, known)
        if (accepted) this.#checkHeld(from, { key, ...accepted.version }, accepted.version.ballot)
      }
    }
  }

  /** A record that a node calls chosen, in whatever message or page. */
  sentRecord(from: string, record: LedgerRecord): void {
    this.#checkChosen(from, record.key, record.version, record)
  }

  #request(from: string, message: Prepare | Accept): void {
    this.#use(from, message, message.ballot)
  }

  #accept(from: string, message: Accept): void {
    this.#use(from, message, message.ballot)
    if (!isInherited(message.next)) this.#use(from, message, message.next)
    // An heir could be left the same once more if it forgot that it has gone on.
    if (isInherited(message.ballot)) this.#checkHeld(from, message, message.ballot)
    const name = roundName(message)
    const text = `${this.#history.contents.idOf(message.proposal.value)} ${JSON.stringify(message.proposal.moved)} ${message.proposal.writtenAt} ${ballotName(message.next)}`
    const before = this.#proposals.get(name)
    if (before === undefined) this.#proposals.set(name, text)
    else if (before !== text) this.#onViolation(`${from} proposed two values under ${name}`, message.key)
  }

  /** Each number serves one register, is its sender's own or was left to it, and its durable count is past it. */
  #use(from: string, round: Round, ballot: Ballot): void {
    if (isInherited(ballot) && ownerOf(ballot) === from) return
    if (ballot.node !== from) return this.#onViolation(`${from} used a ballot of ${ballot.node}`, round.key)
    if (ballot.n === 0) return
    if (ballot.n >= (this.#mirror(from).counters.get('ballot') ?? 0)) {
      this.#onViolation(`${from} used ballot ${ballot.n} before its count was durable`, round.key)
    }
    const use = `${round.key} ${termName(round)}`
    const name = ballotName(ballot)
    const before = this.#uses.get(name)
    if (before === undefined) this.#uses.set(name, use)
    else if (before !== use) this.#onViolation(`ballot ${name} was used for ${before} and for ${use}`, round.key)
  }

  #promised(from: string, message: Promised): void {
    const { key, ballot, accepted } = message
    const mirror = this.#mirror(from)
    if (mirror.dropped.has(key)) return
    if (orderBallots(mirror.promised(key, message), ballot) < 0) {
      return this.#onViolation(`${from} answered ${roundName(message)} with a promise that is not on its disk`, key)
    }
    const held = mirror.acceptedBelow(key, message, ballot)
    if (orderBallots(held, accepted?.ballot) === 0) return
    const told = `has accepted ${ballotName(held)} and tells ${ballotName(accepted?.ballot)}`
    this.#onViolation(`${from} promised ${roundName(message)}, ${told}`, key)
  }

  /** What is known to be chosen in a register counts as accepted there. */
  #checkHeld(from: string, round: Omit<Round, 'ballot'>, ballot: Ballot): void {
    const known = this.#mirror(from).known.get(round.key)
    if (known && orderVersions(known.version, { ...round, ballot }) === 0) return
    if (this.#history.record(round.key).wasAccepted(from, round, ballot)) return
    const name = `${termName(round)} ${ballotName(ballot)}`
    this.#onViolation(`${from} says that it accepted ${name}, and it is not on its disk`, round.key)
  }

  #checkChosen(from: string, key: string, version: Version, record: LedgerRecord | undefined): void {
    const chosen = this.#history.record(key).wasChosen(version)
    const name = `${termName(version)} ${ballotName(version.ballot)}`
    if (chosen === undefined) this.#onViolation(`${from} says that ${name} was chosen, and it was not`, key)
    else if (record && chosen !== this.#history.contents.idOf(record.value)) {
      this.#onViolation(`${from} tells another value of ${name} than the chosen one`, key)
    }
  }

  #mirror(instance: string): DiskMirror {
    return this.#history.mirror(instance)
  }
}

function roundName(round: Round): string {
  return `${round.key} ${termName(round)} ${ballotName(round.ballot)}`
}
