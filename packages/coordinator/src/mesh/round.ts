import type { Accept, Ballot, LedgerRecord, Prepare, Promised, Proposal, RecordValue, Refused } from '@skyclaw/protocol'
import { acceptQuorum, prepareQuorum } from './replica-set.ts'
import { compareBallots, type Place, recordOf, termOf } from './version.ts'

export interface AcceptedProposal {
  readonly ballot: Ballot
  readonly proposal: Proposal
}

export interface RoundStart {
  readonly key: string
  readonly place: Place
  readonly ballot: Ballot
  /** What the proposer builds on: the known value, or what it accepted itself. */
  readonly basis?: number | undefined
  readonly base?: LedgerRecord | undefined
}

/** One round on one register under one ballot: what was asked, and what the replicas answered. */
export class Round {
  readonly key: string
  readonly place: Place
  readonly ballot: Ballot
  phase: 'prepare' | 'accept' = 'prepare'
  proposal: Proposal | undefined
  next: Ballot | undefined
  /** When that was written on which the proposer builds: by this those who hold nothing tell whether it was forgotten. */
  basis: number | undefined
  /** Monotonic milliseconds: when this phase began. */
  sentAt: number | undefined
  /** Monotonic milliseconds: when the unanswered are asked again. */
  resendAt = 0
  readonly #start: RoundStart
  readonly #promises = new Map<string, AcceptedProposal | undefined>()
  readonly #accepted = new Set<string>()
  /** Hardly ever anybody. */
  #refused: readonly string[] = []
  #gone: readonly string[] = []

  constructor(start: RoundStart) {
    this.#start = start
    this.key = start.key
    this.place = start.place
    this.ballot = start.ballot
    this.basis = start.basis
  }

  /** Goes on to step 3. */
  propose(proposal: Proposal, next: Ballot): void {
    this.phase = 'accept'
    this.sentAt = undefined
    this.proposal = proposal
    this.next = next
    this.#refused = []
  }

  message(): Prepare | Accept {
    const { basis } = this
    const { base } = this.#start
    const request = {
      key: this.key,
      ...termOf(this.place),
      ballot: this.ballot,
      set: this.place.set,
      ...(basis !== undefined && { basis }),
      ...(base && { base }),
    }
    if (this.phase === 'prepare') return { type: 'prepare', ...request }
    return { type: 'accept', ...request, proposal: this.proposal!, next: this.next! }
  }

  /** Replicas that have not answered in this phase. */
  unanswered(): string[] {
    const answered = this.phase === 'prepare' ? this.#promises : this.#accepted
    return this.place.set.replicas.filter((id) => !answered.has(id) && !this.#refused.includes(id))
  }

  promise(from: string, { accepted }: Promised): void {
    this.#promises.set(from, accepted)
  }

  accept(from: string): void {
    this.#accepted.add(from)
  }

  refuse(from: string, { reason }: Refused): void {
    if (!this.#refused.includes(from)) this.#refused = [...this.#refused, from]
    if (reason === 'gone' && !this.#gone.includes(from)) this.#gone = [...this.#gone, from]
  }

  get isPrepared(): boolean {
    return this.#promises.size >= prepareQuorum(this.place.set)
  }

  get isChosen(): boolean {
    return this.#accepted.size >= acceptQuorum(this.place.set)
  }

  /** Whether somebody has refused in this phase: who is silent may be dead, and another ballot may do without them. */
  get isOpposed(): boolean {
    return this.#refused.length > 0
  }

  /** Whether too many have refused. */
  get isLost(): boolean {
    const needed = this.phase === 'prepare' ? prepareQuorum(this.place.set) : acceptQuorum(this.place.set)
    return this.place.set.replicas.length - this.#refused.length < needed
  }

  /** Whether so many hold nothing of the record, or never return, that it can have no accept quorum any more. */
  isGone(neverReturns: (instance: string) => boolean): boolean {
    if (this.#gone.length === 0) return false
    const left = this.place.set.replicas.filter((id) => !this.#gone.includes(id) && !neverReturns(id))
    return left.length < acceptQuorum(this.place.set)
  }

  hasAccepted(instance: string): boolean {
    return this.#accepted.has(instance)
  }

  /** The accepted proposal of the highest ballot among the promises; one of an earlier record under the same key does not count. */
  highest(isFormer: (earlier: Proposal, value: RecordValue) => boolean): AcceptedProposal | undefined {
    let highest: AcceptedProposal | undefined
    for (const accepted of this.#promises.values()) {
      if (!accepted) continue
      const { ballot, proposal } = accepted
      if (highest && isFormer(proposal, highest.proposal.value)) continue
      const later = highest && isFormer(highest.proposal, proposal.value)
      if (later || compareBallots(ballot, highest?.ballot ?? null) > 0) highest = accepted
    }
    return highest
  }

  /** What is known when a proposal was chosen in this register. */
  record(accepted: AcceptedProposal): LedgerRecord {
    return recordOf({ key: this.key, ...this.place, ...accepted })
  }

  /** Whether the promises alone show that a ballot was chosen. */
  showsChosen(ballot: Ballot): boolean {
    const holders = [...this.#promises.values()].filter((held) => held && compareBallots(held.ballot, ballot) === 0)
    return holders.length >= acceptQuorum(this.place.set)
  }
}
