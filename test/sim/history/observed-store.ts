import type { LedgerRecord } from '@skyclaw/protocol'
import type { MeshCounter, MeshStore, Register } from '../../../packages/coordinator/src/mesh/store.ts'
import type { DiskWrite } from './disk-mirror.ts'

/** Hands every call on to the real store, and takes down what is written. */
export class ObservedStore implements MeshStore {
  /** What the open turn has written so far. */
  writes: DiskWrite[] = []
  readonly #store: MeshStore

  /** Registers on disk that have accepted nothing. */
  readonly #emptyRegisters: () => readonly string[]

  constructor(store: MeshStore, emptyRegisters: () => readonly string[]) {
    this.#store = store
    this.#emptyRegisters = emptyRegisters
  }

  begin(key: string): void {
    this.#store.begin(key)
  }

  register(key: string): Register | undefined {
    return this.#store.register(key)
  }

  putRegister(row: Register, unlearned: boolean): void {
    this.#store.putRegister(row, unlearned)
    this.writes.push({ kind: 'register', key: row.key, row, unlearned })
  }

  dropRegister(key: string): void {
    this.#store.dropRegister(key)
    this.writes.push({ kind: 'register_dropped', key })
  }

  known(key: string): LedgerRecord | undefined {
    return this.#store.known(key)
  }

  standing(key: string): ReturnType<MeshStore['standing']> {
    return this.#store.standing(key)
  }

  putKnown(record: LedgerRecord): void {
    this.#store.putKnown(record)
    this.writes.push({ kind: 'known', key: record.key, record })
  }

  dropKnown(key: string): void {
    this.#store.dropKnown(key)
  }

  /** The store says which known values it dropped, whoever asked for it. Pruning drops the register with the value. */
  noteDropped(key: string, withRegister = false): void {
    this.writes.push({ kind: 'known_dropped', key })
    if (withRegister) this.writes.push({ kind: 'register_dropped', key })
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

  changeable(after: string, limit: number): ReturnType<MeshStore['changeable']> {
    return this.#store.changeable(after, limit)
  }

  pruneRegisters(before: number, limit: number): number {
    const empty = this.#emptyRegisters()
    const pruned = this.#store.pruneRegisters(before, limit)
    if (pruned === 0) return 0
    for (const key of empty) if (!this.#store.register(key)) this.writes.push({ kind: 'register_dropped', key })
    return pruned
  }

  counter(name: MeshCounter): number {
    return this.#store.counter(name)
  }

  saveCounter(name: MeshCounter, value: number): void {
    this.#store.saveCounter(name, value)
    this.writes.push({ kind: 'counter', name, value })
  }

  feedCursor(instance: string): number {
    return this.#store.feedCursor(instance)
  }

  saveFeedCursor(instance: string, seq: number): void {
    this.#store.saveFeedCursor(instance, seq)
  }
}
