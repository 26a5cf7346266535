import type { JobRecord, LedgerRecord } from '@skyclaw/protocol'
import { ownerOf } from '../mesh/version.ts'
import { jobOf } from './record-index.ts'

/** Who leaves so many jobs of a kind to others, one after the other, has no host for them. */
const enoughLeft = 3

/** Kinds of jobs that are remembered. */
const maxKinds = 10_000

/** Coordinators that are remembered with each; with more all are waited for again, so that those that have gone are forgotten. */
const maxInstances = 100

export interface PrecedenceOptions {
  /** This coordinator's instance id. */
  readonly self: string
  /** The live coordinators that may act on a record, each at its place; this one is among them. */
  readonly order: (record: LedgerRecord) => readonly string[]
  /** Has another coordinator told at once what was chosen here. */
  readonly hurry: (instance: string) => void
  /** To whom this coordinator, as a replica, has promised the next round of a record. */
  readonly nextOf: (key: string) => string | undefined
}

/** Jobs that the same hosts can run: those with one requirement key. */
interface Kind {
  /** The coordinator that leased one last. */
  taker: string | undefined
  /** How many each coordinator has left to others since it took one. */
  readonly left: Map<string, number>
}

/**
 * For which coordinators this one waits before it tries a job that has just become due, and which one waits for the jobs made here: told by
 * what became of the jobs before. Nobody says who has hosts for what, and nothing rests on it: who is wrong loses a race, and waits for all
 * again.
 */
export class Precedence {
  readonly #options: PrecedenceOptions
  readonly #kinds = new Map<string, Kind>()

  constructor(options: PrecedenceOptions) {
    this.#options = options
  }

  /** How many of those who go before this coordinator are waited for. */
  ahead(record: LedgerRecord): number {
    const before = this.#before(record)
    const kind = this.#known(record)
    if (!kind || kind.left.size === 0) return before.length
    return before.filter((instance) => (kind.left.get(instance) ?? 0) < enoughLeft).length
  }

  /** The other coordinator that will probably take a job that is made here. */
  takerOf({ requirementKey }: JobRecord): string | undefined {
    const kind = this.#kinds.get(requirementKey)
    const taker = kind?.taker
    if (taker === undefined || taker === this.#options.self) return undefined
    return (kind!.left.get(taker) ?? 0) < enoughLeft ? taker : undefined
  }

  /** Notes a new value: a job that is due, or anything else. */
  noteLearned(record: LedgerRecord, due: boolean): void {
    if (due) this.#hurry(record)
    else if (record.value.kind === 'job' && record.value.lease) this.#noteTaken(record)
  }

  /** Notes that those who go before this coordinator had their time for a job, and it is still there. */
  noteLeft(record: LedgerRecord): void {
    const before = this.#before(record)
    if (before.length === 0) return
    const { left } = this.#kind(record)
    for (const instance of before) left.set(instance, (left.get(instance) ?? 0) + 1)
    if (left.size > maxInstances) left.clear()
  }

  /** Notes that this coordinator tried to lease a job and another did: somebody is there after all. */
  noteLost(record: LedgerRecord): void {
    this.#known(record)?.left.clear()
  }

  /** What was chosen may linger on its way to the others, but not to the one that has hosts for it, unless the next round was left to that. */
  #hurry(record: LedgerRecord): void {
    const { self, hurry } = this.#options
    if (ownerOf(record.version.ballot) !== self) return
    const taker = this.#known(record)?.taker
    if (taker !== undefined && taker !== self && this.#heir(record) !== taker) hurry(taker)
  }

  /**
   * Who wrote a job as it is goes before all others: it knows of it first, and a lease is a round of one phase for it. Where it has left the
   * next round to another, that one does.
   */
  #before(record: LedgerRecord): readonly string[] {
    const { self, order } = this.#options
    const writer = ownerOf(record.version.ballot)
    if (writer === self) {
      const heir = this.#heir(record)
      return heir !== undefined && order(record).includes(heir) ? [heir] : []
    }
    const instances = order(record)
    const before = instances.slice(0, instances.indexOf(self))
    return before.includes(writer) || !instances.includes(writer) ? before : [writer, ...before]
  }

  /** To whom this coordinator has left the next round of a job that it wrote. */
  #heir({ key, value }: LedgerRecord): string | undefined {
    const { self, nextOf } = this.#options
    const heir = this.takerOf(jobOf(value)) === undefined ? undefined : nextOf(key)
    return heir === self ? undefined : heir
  }

  #noteTaken(record: LedgerRecord): void {
    const taker = ownerOf(record.version.ballot)
    const kind = this.#known(record) ?? this.#kind(record)
    kind.taker = taker
    kind.left.delete(taker)
  }

  #known({ value }: LedgerRecord): Kind | undefined {
    return this.#kinds.get(jobOf(value).requirementKey)
  }

  /** Those that were used last are kept. */
  #kind({ value }: LedgerRecord): Kind {
    const { requirementKey } = jobOf(value)
    const kind = this.#kinds.get(requirementKey) ?? { taker: undefined, left: new Map<string, number>() }
    this.#kinds.delete(requirementKey)
    this.#kinds.set(requirementKey, kind)
    if (this.#kinds.size > maxKinds) this.#kinds.delete(this.#kinds.keys().next().value!)
    return kind
  }
}
