import type { Proposal, ReplicaSet, Version } from '@skyclaw/protocol'
import type { Content } from './contents.ts'
import { ballotName, orderTerms, sealName, type Term, termName } from './order.ts'

/** One proposal under one ballot, and who has ever had it on disk. */
export interface Ballot {
  readonly version: Version
  readonly content: Content
  readonly seal: ReplicaSet | undefined
  readonly holders: Set<string>
  chosen: boolean
}

export interface Generation {
  readonly set: ReplicaSet
  readonly ballots: Map<string, Ballot>
}

/** The generations of one record, and what was accepted in each. */
export class Generations {
  #current = new Map<string, Generation>()
  /** Of the record before under the same key: some disks still hold them. */
  #former = new Map<string, Generation>()

  at(term: Term): Generation | undefined {
    return this.#current.get(termName(term))
  }

  /** A ballot, and the generation in which it was accepted. */
  find(term: Term, ballot: Version['ballot']): { generation: Generation; ballot: Ballot } | undefined {
    for (const generations of [this.#current, this.#former]) {
      const generation = generations.get(termName(term))
      const found = generation?.ballots.get(ballotName(ballot))
      if (generation && found) return { generation, ballot: found }
    }
    return undefined
  }

  begin(term: Term, set: ReplicaSet): Generation {
    const generation = { set, ballots: new Map<string, Ballot>() }
    this.#current.set(termName(term), generation)
    return generation
  }

  /** The ballot of a proposal; undefined when another was accepted under it. */
  propose(generation: Generation, version: Version, content: Content, { moved }: Proposal): Ballot | undefined {
    const name = ballotName(version.ballot)
    const existing = generation.ballots.get(name)
    if (!existing) {
      const ballot = { version, content, seal: moved, holders: new Set<string>(), chosen: false }
      generation.ballots.set(name, ballot)
      return ballot
    }
    return existing.content === content && sealName(existing.seal) === sealName(moved) ? existing : undefined
  }

  /** The key is used again: its new record begins with the first generation. */
  retire(): void {
    const first = termName({ generation: 0 })
    const generation = this.#current.get(first)
    this.#former = this.#current
    this.#current = new Map(generation ? [[first, generation]] : [])
  }

  /** The smallest M of all replica sets. */
  get smallestM(): number {
    return Math.min(...[...this.#current.values()].map(({ set }) => set.m))
  }

  /** All that it was ever kept by. */
  replicas(): string[] {
    return [...this.#current.values()].flatMap(({ set }) => set.replicas)
  }

  /** All replica sets that may still be asked, when a version is the last that was chosen. What is sealed may come to be chosen, and then followed. */
  openSets(last: Version | undefined): ReplicaSet[] {
    const sets: ReplicaSet[] = []
    for (const { set, ballots } of this.#current.values()) {
      const proposals = [...ballots.values()]
      const term = proposals[0]?.version
      if (last && term && orderTerms(term, last) < 0) continue
      sets.push(set, ...proposals.flatMap(({ seal }) => seal ?? []))
    }
    return sets
  }
}
