import { type LedgerRecord, ProblemError } from '@skyclaw/protocol'
import type { ChangeResult, FindRequest } from '../mesh/mesh.ts'
import { quorum } from '../mesh/replica-set.ts'
import type { MeshStore } from '../mesh/store.ts'
import type { Calls } from './calls.ts'
import { recordRules } from './record-rules.ts'

/** Whether an instance may take part again, dead ones too. One whose database is gone, or that was forgotten, cannot. */
export type MayReturn = (instance: string) => boolean

/** Records that are taken over at once. */
const recordsAtOnce = 100
/** After so many failures of one call it goes no further: what keeps these from being taken over keeps the others too. */
const maxFailures = 100
/** Records of one look at the database. */
const recordsPerPage = 500

/**
 * Takes over records on which nobody can agree any more, since too few of their replicas may return: begins a new epoch of each on the
 * coordinators that live now, from the latest that any of these knows. What has ended never changes, and stays as it is.
 *
 * Used for records that were restored, and for those that a forgotten coordinator leaves behind. Whatever interrupts it, the same again
 * goes on from there: a record that was taken over has its quorum.
 */
export class Adoption {
  readonly #calls: Calls
  readonly #store: Pick<MeshStore, 'known' | 'changeable'>
  readonly #mayReturn: MayReturn
  #adopted = 0
  #failures = 0
  #firstFailure: Error | undefined

  constructor(calls: Calls, store: Pick<MeshStore, 'known' | 'changeable'>, mayReturn: MayReturn) {
    this.#calls = calls
    this.#store = store
    this.#mayReturn = mayReturn
  }

  /** Takes over those of the records that need it. Answers how many; rejects with the first failure after it has tried the others. */
  async adopt(keys: readonly string[]): Promise<number> {
    await this.#adoptAll(keys)
    return this.#end()
  }

  /** The same for all records that are known here. */
  async adoptStranded(): Promise<number> {
    for await (const keys of this.#pages(() => true)) {
      await this.#adoptAll(keys)
      if (this.#failures >= maxFailures) break
    }
    return this.#end()
  }

  /** How many of the records that an instance keeps could not be changed any more. */
  async countStranded(keeper: string): Promise<number> {
    let count = 0
    for await (const keys of this.#pages((replicas) => replicas.includes(keeper))) count += keys.length
    return count
  }

  /** Keys of stranded records, a page of the database after the other, each in an input of its own, so that others come between. */
  async *#pages(concerns: (replicas: readonly string[]) => boolean): AsyncGenerator<string[]> {
    for (let after = ''; ;) {
      const from = after
      const heads = await this.#calls.run(() => this.#store.changeable(from, recordsPerPage))
      yield heads.flatMap((head) => (this.#isStranded(head) && concerns(standingSet(head).replicas) ? [head.key] : []))
      if (heads.length < recordsPerPage) return
      after = heads.at(-1)!.key
    }
  }

  async #adoptAll(keys: readonly string[]): Promise<void> {
    const stranded = keys.filter((key) => this.#needsAdoption(key))
    for (let start = 0; start < stranded.length && this.#failures < maxFailures; start += recordsAtOnce) {
      const group = stranded.slice(start, start + recordsAtOnce)
      await this.#askOthers(group)
      // By what the others knew, some have moved, or have ended.
      for (const result of await this.#begin(group.filter((key) => this.#needsAdoption(key)))) {
        if (result.ok) this.#adopted += 1
        else {
          this.#failures += 1
          this.#firstFailure ??= result.error
        }
      }
    }
  }

  /** Another coordinator may know a later value, or that the record is kept elsewhere by now. */
  async #askOthers(keys: readonly string[]): Promise<void> {
    const asked = await this.#calls.run((step, mesh) =>
      keys.map((text) =>
        this.#calls.expect<Parameters<FindRequest['done']>[0]>((done) => mesh.find(step, { by: 'key', text, done })),
      ),
    )
    await Promise.all(asked)
  }

  async #begin(keys: readonly string[]): Promise<ChangeResult[]> {
    const begun = await this.#calls.run((step, mesh) =>
      keys.map((key) => this.#calls.expect<ChangeResult>((answer) => mesh.adopt(step, key, answer))),
    )
    return Promise.all(begun)
  }

  #needsAdoption(key: string): boolean {
    const known = this.#store.known(key)
    return known !== undefined && !recordRules.isFinal(known.value) && this.#isStranded(known)
  }

  #isStranded(record: Pick<LedgerRecord, 'set' | 'moved'>): boolean {
    const set = standingSet(record)
    return set.replicas.filter(this.#mayReturn).length < quorum(set)
  }

  #end(): number {
    const failure = this.#firstFailure
    if (!failure) return this.#adopted
    if (!(failure instanceof ProblemError)) throw failure
    const { code, message } = failure
    const done = `took over ${this.#adopted} records, and not ${this.#failures} others`
    throw new ProblemError(code, `${done}: ${message}`, { outcome: 'unknown' })
  }
}

function standingSet({ set, moved }: Pick<LedgerRecord, 'set' | 'moved'>) {
  return moved ?? set
}
