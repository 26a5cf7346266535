import type { LedgerRecord } from '@skyclaw/protocol'
import { recordRules } from '../src/ledger/record-rules.ts'
import type { KnownHead, MeshCounter, MeshStore, Register, Standing } from '../src/mesh/store.ts'

const inOrder = (keys: Iterable<string>, limit: number) => [...new Set(keys)].toSorted().slice(0, limit)

/** What a store of the mesh must do, said as plainly as can be. */
export class MeshStoreModel implements MeshStore {
  readonly registers = new Map<string, Register>()
  readonly unlearnedKeys = new Set<string>()
  readonly records = new Map<string, LedgerRecord>()
  readonly counters = new Map<string, number>()
  readonly cursors = new Map<string, number>()
  /** Keys of known records in the order of their latest change. */
  feed: string[] = []

  copy(): MeshStoreModel {
    const copy = new MeshStoreModel()
    for (const [key, register] of this.registers) copy.putRegister(register, this.unlearnedKeys.has(key))
    for (const key of this.feed) copy.putKnown(this.records.get(key)!)
    for (const [name, value] of this.counters) copy.counters.set(name, value)
    for (const [instance, seq] of this.cursors) copy.cursors.set(instance, seq)
    return copy
  }

  begin(): void {
    // What is new is in none of the maps.
  }

  register(key: string): Register | undefined {
    return this.registers.get(key)
  }

  putRegister(register: Register, unlearned: boolean): void {
    this.registers.set(register.key, register)
    if (unlearned) this.unlearnedKeys.add(register.key)
    else this.unlearnedKeys.delete(register.key)
  }

  dropRegister(key: string): void {
    this.registers.delete(key)
    this.unlearnedKeys.delete(key)
  }

  known(key: string): LedgerRecord | undefined {
    return this.records.get(key)
  }

  standing(key: string): Standing | undefined {
    const record = this.known(key)
    if (!record) return undefined
    return { version: record.version, isFinal: recordRules.isFinal(record.value), writtenAt: record.writtenAt }
  }

  putKnown(record: LedgerRecord): void {
    this.dropKnown(record.key)
    this.records.set(record.key, record)
    this.feed.push(record.key)
  }

  dropKnown(key: string): void {
    this.records.delete(key)
    this.feed = this.feed.filter((other) => other !== key)
  }

  pruneFinished(before: number): number {
    const old = [...this.records.values()].filter(({ value }) => {
      if (value.kind === 'superseded') return value.result.finishedAt < before
      return value.kind === 'job' && recordRules.isFinal(value) && value.updatedAt < before
    })
    for (const { key } of old) {
      this.dropKnown(key)
      this.dropRegister(key)
    }
    return old.length
  }

  keysWithBase(base: string, limit: number): string[] {
    const accepted = [...this.registers.values()].filter(({ accepted: ballot }) => ballot !== null)
    const keys = [...this.records.keys(), ...accepted.map(({ key }) => key)]
    return inOrder(
      keys.filter((key) => key.startsWith(base)),
      limit,
    )
  }

  keysWithTag(tag: string, limit: number): string[] {
    const known = [...this.records.values()].filter(({ value }) => recordRules.tagOf(value) === tag)
    const accepted = [...this.registers.values()].filter(
      ({ key, proposal }) => this.unlearnedKeys.has(key) && proposal && recordRules.tagOf(proposal.value) === tag,
    )
    return inOrder(
      [...known, ...accepted].map(({ key }) => key),
      limit,
    )
  }

  unlearned(after: string, limit: number): string[] {
    return inOrder(
      [...this.unlearnedKeys].filter((key) => key > after),
      limit,
    )
  }

  changeable(after: string, limit: number): KnownHead[] {
    const open = [...this.records.values()].filter(({ key, value }) => key > after && !recordRules.isFinal(value))
    return inOrder(
      open.map(({ key }) => key),
      limit,
    ).map((key) => {
      const { value: _value, ...head } = this.records.get(key)!
      return head
    })
  }

  pruneRegisters(before: number): number {
    const old = [...this.registers.values()].filter(({ accepted, touchedAt }) => !accepted && touchedAt < before)
    for (const { key } of old) this.dropRegister(key)
    return old.length
  }

  counter(name: MeshCounter): number {
    return this.counters.get(name) ?? 0
  }

  saveCounter(name: MeshCounter, value: number): void {
    this.counters.set(name, value)
  }

  feedCursor(instance: string): number {
    return this.cursors.get(instance) ?? 0
  }

  saveFeedCursor(instance: string, seq: number): void {
    this.cursors.set(instance, seq)
  }
}
