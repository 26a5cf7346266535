import type { LedgerRecord } from '@skyclaw/protocol'
import type { KnownHead, MeshCounter, MeshStore, Register, Standing } from './store.ts'
import type { ValueRules } from './value-rules.ts'

/**
 * The store, without what is finished and older than the retention. That is forgotten at the moment when it is so old, whenever it comes to
 * be pruned: so all coordinators forget it at about the same time, and one that returns after long brings nothing back.
 */
export class ForgettingStore implements MeshStore {
  /** Milliseconds since 1970, of the input at work. */
  wall = 0
  readonly #store: MeshStore
  readonly #rules: ValueRules
  readonly #retentionMs: number

  constructor(store: MeshStore, rules: ValueRules, retentionMs: number) {
    this.#store = store
    this.#rules = rules
    this.#retentionMs = retentionMs
  }

  known(key: string): LedgerRecord | undefined {
    const record = this.#store.known(key)
    if (!record || !this.#isOld(record) || !this.#rules.isFinal(record.value)) return record
    this.#store.dropKnown(key)
    return undefined
  }

  standing(key: string): Standing | undefined {
    const standing = this.#store.standing(key)
    if (!standing || !this.#isOld(standing) || !standing.isFinal) return standing
    this.#store.dropKnown(key)
    return undefined
  }

  putKnown(record: LedgerRecord): void {
    this.#store.putKnown(record)
  }

  dropKnown(key: string): void {
    this.#store.dropKnown(key)
  }

  begin(key: string): void {
    this.#store.begin(key)
  }

  register(key: string): Register | undefined {
    return this.#store.register(key)
  }

  putRegister(register: Register, unlearned: boolean): void {
    this.#store.putRegister(register, unlearned)
  }

  dropRegister(key: string): void {
    this.#store.dropRegister(key)
  }

  keysWithBase(base: string, limit: number): string[] {
    return this.#store.keysWithBase(base, limit)
  }

  keysWithTag(tag: string, limit: number): string[] {
    return this.#store.keysWithTag(tag, limit)
  }

  unlearned(after: string, limit: number): string[] {
    return this.#store.unlearned(after, limit)
  }

  changeable(after: string, limit: number): KnownHead[] {
    return this.#store.changeable(after, limit)
  }

  pruneRegisters(before: number, limit: number): number {
    return this.#store.pruneRegisters(before, limit)
  }

  counter(name: MeshCounter): number {
    return this.#store.counter(name)
  }

  saveCounter(name: MeshCounter, value: number): void {
    this.#store.saveCounter(name, value)
  }

  feedCursor(instance: string): number {
    return this.#store.feedCursor(instance)
  }

  saveFeedCursor(instance: string, seq: number): void {
    this.#store.saveFeedCursor(instance, seq)
  }

  #isOld({ writtenAt }: Pick<LedgerRecord, 'writtenAt'>): boolean {
    return writtenAt < this.wall - this.#retentionMs
  }
}
