import type { LedgerRecord, RecordValue, ReplicaSet, Version } from '@skyclaw/protocol'
import type { Register } from '../../../packages/coordinator/src/mesh/store.ts'
import { Chain } from './chain.ts'
import { epochMs } from '../world/clock.ts'
import { type Content, type Contents, nothing } from './contents.ts'
import { type Ballot, type Generation, Generations } from './generations.ts'
import {
  ballotName,
  holdersNeeded,
  nextTerm,
  orderEpochs,
  orderTerms,
  orderVersions,
  sealName,
  setName,
  type Term,
  termName,
} from './order.ts'

/** A chosen ballot, and the place of its value in the chain. */
interface Chosen {
  readonly version: Version
  readonly content: Content
  readonly seal: ReplicaSet | undefined
  readonly place: number
}

export interface RecordHistoryOptions {
  readonly key: string
  readonly contents: Contents
  readonly isFinal: (value: RecordValue) => boolean
  /** Called with a sentence that does not hold. */
  readonly onBreak: (sentence: string) => void
  /** Virtual milliseconds. */
  readonly now: () => number
  /** What is final may be forgotten when it is about so old. */
  readonly forgottenAfterMs: number
}

/**
 * Everything that ever happened to one record, as the disks show it: which ballots were chosen, in the order of their versions, and the
 * chain of values that they make.
 */
export class RecordHistory {
  readonly key: string
  /** When it came to a value that never changes again, by virtual time. */
  finalAt: number | undefined
  /** A key can be used again for another record when the one before has been forgotten. */
  life = 0
  readonly #options: RecordHistoryOptions
  readonly #contents: Contents
  readonly #break: (sentence: string) => void
  readonly #generations = new Generations()
  #chain: Chain
  #chosen: Chosen[] = []
  /** What the record before under this key had become. */
  #former: { readonly content: Content; readonly finalAt: number } | undefined
  /** Whether an operator had it begun anew from what survived. */
  #adopted = false

  constructor(options: RecordHistoryOptions) {
    this.key = options.key
    this.#options = options
    this.#contents = options.contents
    this.#break = options.onBreak
    this.#chain = new Chain(options.contents)
  }

  /** The last value, and whether it can change again. */
  get tip(): { content: Content; final: boolean } {
    const content = this.#chain.last
    const value = this.#contents.valueOf(content)
    return { content, final: value !== null && this.#options.isFinal(value) }
  }

  /** Finished so long ago that some coordinator's clock may have let it go. */
  get mayBeForgotten(): boolean {
    return this.finalAt !== undefined && this.#options.now() - this.finalAt > this.#options.forgottenAfterMs
  }

  /** Whether a value is the end of the record before under this key, and so young that some coordinator's clock has not let it go yet. */
  isRemembered(content: Content): boolean {
    if (this.#former?.content !== content) return false
    return this.#options.now() - this.#former.finalAt < this.#options.forgottenAfterMs * 2
  }

  /** The place of a value in the chain, if it is in it. */
  placeOf(content: Content): number | undefined {
    return this.#chain.placeOf(content)
  }

  wasChosen(version: Version): Content | undefined {
    const { ballot } = this.#generations.find(version, version.ballot) ?? {}
    return ballot?.chosen ? ballot.content : undefined
  }

  wasAccepted(instance: string, term: Term, ballot: Version['ballot']): boolean {
    return this.#generations.find(term, ballot)?.ballot.holders.has(instance) ?? false
  }

  /** The smallest M of all replica sets that it had. */
  get smallestM(): number {
    return this.#generations.smallestM
  }

  /** All that it was ever kept by. */
  replicas(): string[] {
    return this.#generations.replicas()
  }

  /** Where the next change is made, as far as what was chosen says. */
  latest(): { term: Term; set: ReplicaSet } | undefined {
    const last = this.#chosen.at(-1)
    if (!last) return undefined
    if (last.seal) return { term: nextTerm({ version: last.version, moved: last.seal }), set: last.seal }
    return { term: last.version, set: this.#generations.at(last.version)!.set }
  }

  /** All replica sets that may still be asked: a generation is over when a value was chosen in the one after it. */
  openSets(): ReplicaSet[] {
    const latest = this.latest()
    return [...(latest ? [latest.set] : []), ...this.#generations.openSets(this.#chosen.at(-1)?.version)]
  }

  /** An operator has it begun anew: that may undo what had no quorum left. */
  adopt(): void {
    this.#adopted = true
  }

  /** A replica holds a proposal on disk. */
  accepted(instance: string, row: Register): void {
    const { accepted, proposal, set } = row
    if (!accepted || !proposal) return
    const version: Version = { ...(row.epoch && { epoch: row.epoch }), generation: row.generation, ballot: accepted }
    const generation = this.#generations.find(version, accepted)?.generation ?? this.#generation(row)
    if (setName(generation.set) !== setName(set)) {
      return this.#break(`${termName(row)} has two replica sets: ${setName(generation.set)} and ${setName(set)}`)
    }
    if (!set.replicas.includes(instance)) {
      return this.#break(`${instance} accepted a value of ${termName(row)}, whose replicas are ${setName(set)}`)
    }
    const ballot = this.#generations.propose(generation, version, this.#contents.idOf(proposal.value), proposal)
    if (!ballot) return this.#break(`two values were accepted under ${termName(row)} ${ballotName(accepted)}`)
    ballot.holders.add(instance)
    if (!ballot.chosen && ballot.holders.size >= holdersNeeded(set)) this.#choose(ballot)
  }

  /** A node takes a value for chosen. */
  known(instance: string, record: LedgerRecord): void {
    const { version, set, moved } = record
    const name = `${termName(version)} ${ballotName(version.ballot)}`
    const { generation, ballot } = this.#generations.find(version, version.ballot) ?? {}
    if (!generation || !ballot?.chosen) {
      return this.#break(`${instance} takes ${name} for chosen, and no quorum ever held it`)
    }
    if (ballot.content !== this.#contents.idOf(record.value)) {
      return this.#break(`${instance} knows another value under ${name} than the one that was chosen`)
    }
    if (setName(set) !== setName(generation.set) || sealName(moved) !== sealName(ballot.seal)) {
      this.#break(`${instance} knows ${name} with another replica set than the one that chose it`)
    }
  }

  /** A generation after the first begins with a seal that was chosen. */
  #generation(row: Register): Generation {
    const existing = this.#generations.at(row)
    if (existing) return existing
    const begun = (row.generation === 0 && !row.epoch) || (this.#adopted && row.epoch && row.generation === 0)
    const last = this.#chosen.findLast(
      ({ version, seal: moved }) => moved && orderTerms(nextTerm({ version, moved }), row) === 0,
    )
    if (!begun && !last) this.#break(`${termName(row)} began before a seal of the generation before was chosen`)
    if (last && setName(last.seal!) !== setName(row.set)) {
      this.#break(`${termName(row)} began on ${setName(row.set)}, and the seal names ${setName(last.seal!)}`)
    }
    return this.#generations.begin(row, row.set)
  }

  #choose(ballot: Ballot): void {
    ballot.chosen = true
    const { version, content, seal } = ballot
    if (this.mayBeForgotten && this.#isRebirth(content)) this.#beginLife()
    if (this.#adopted && orderEpochs(version, this.#chosen.at(-1)?.version) > 0) this.#beginEpoch(content)
    let index = this.#chosen.length
    while (index > 0 && orderVersions(this.#chosen[index - 1]!.version, version) > 0) index -= 1
    const before = this.#chosen[index - 1]
    const after = this.#chosen[index]
    if (before && orderTerms(before.version, version) === 0 && before.seal) {
      const same = before.content === content && sealName(before.seal) === sealName(seal)
      if (!same) this.#break(`${this.#name(ballot)} changed a sealed generation`)
    }
    const place = after ? this.#placeBetween(ballot, before, after) : this.#extend(ballot)
    this.#chosen.splice(index, 0, { version, content, seal, place })
  }

  #isRebirth(content: Content): boolean {
    if (this.#chain.placeOf(content) !== undefined || this.#chain.leadsTo(content)) return false
    return this.#contents.path(nothing, content) !== undefined
  }

  #beginLife(): void {
    this.life += 1
    this.#former = { content: this.#chain.last, finalAt: this.finalAt! }
    this.#chain = new Chain(this.#contents)
    this.#chosen = []
    this.#generations.retire()
    this.finalAt = undefined
  }

  /** Goes on from a value that it had; what came after that is undone. */
  #beginEpoch(content: Content): void {
    const place = this.#chain.placeOf(content)
    if (place === undefined) return this.#break(`an epoch began from ${this.#contents.describe(content)}, never chosen`)
    this.life += 1
    this.#chain.cutAfter(place)
    this.#chosen = []
    this.finalAt = this.tip.final ? this.finalAt : undefined
  }

  /** A final value may have waited for long until it was chosen. */
  #endedAt(): number {
    const value = this.#contents.valueOf(this.#chain.last)
    const now = this.#options.now()
    return value?.kind === 'job' ? Math.min(now, value.updatedAt - epochMs) : now
  }

  /** A new last version: its value is the last of the chain, or was decided from it. */
  #extend(ballot: Ballot): number {
    const before = this.tip
    const describe = (content: Content) => this.#contents.describe(content)
    const name = `${this.#name(ballot)} is ${describe(ballot.content)}`
    if (!this.#chain.extend(ballot.content)) {
      this.#break(`${name}, which was not decided from the value before it, ${describe(before.content)}`)
    } else if (before.final && this.#chain.last !== before.content) {
      this.#break(`${name}, and before it was final as ${describe(before.content)}`)
    }
    if (this.tip.final && this.finalAt === undefined) this.finalAt = this.#endedAt()
    return this.#chain.lastPlace
  }

  /** A quorum came to hold a ballot after a higher one was chosen: that one must have been built on it. */
  #placeBetween(ballot: Ballot, before: Chosen | undefined, after: Chosen): number {
    const place = this.#chain.placeOf(ballot.content)
    // What an epoch left behind may come to be chosen there, of no effect.
    if (orderEpochs(after.version, ballot.version) > 0) return place ?? 0
    if (place === undefined || place > after.place || place < (before?.place ?? 0)) {
      const value = this.#contents.describe(ballot.content)
      this.#break(
        `${this.#name(ballot)} was chosen as ${value}, and a higher ballot was chosen that was not decided from it`,
      )
    }
    return place ?? after.place
  }

  #name({ version }: Ballot): string {
    return `${termName(version)} ${ballotName(version.ballot)}`
  }
}
