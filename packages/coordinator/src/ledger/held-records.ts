import type { HeldRecord } from './held-record.ts'

/** What an entry takes besides its text. */
const overheadChars = 1_000

/**
 * What was read or written last, as objects, so that a change that touches a record several times does not parse it as often. What is
 * not there is remembered too. Everything goes through it, and nothing else writes those rows; after a rollback it must be cleared.
 *
 * In two generations: when the young one is full it is the old one, and what nobody asked for in the old one meanwhile is gone. So
 * nothing is kept in order, and to forget costs nothing.
 */
export class HeldRecords {
  #young = new Map<string, HeldRecord>()
  #old = new Map<string, HeldRecord>()
  readonly #changed = new Set<HeldRecord>()
  /** Of one generation. */
  readonly #maxChars: number
  #youngChars = 0

  constructor(maxChars: number) {
    this.#maxChars = maxChars / 2
  }

  /** What is held under a key, read by `load` when it is not here. */
  get(key: string, load: (key: string) => HeldRecord): HeldRecord {
    const entry = this.#young.get(key)
    if (entry) return entry
    const found = this.#old.get(key) ?? load(key)
    this.#add(found)
    this.#age()
    return found
  }

  /** What is held under a key, if it is here; it is kept no longer for it. */
  peek(key: string): HeldRecord | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  /** An entry is changed: it stays here until the changes are taken. `chars` is the length of its texts. */
  change(entry: HeldRecord, chars = entry.chars): void {
    const isYoung = this.#young.get(entry.key) === entry
    if (isYoung) this.#youngChars += chars - entry.chars
    entry.chars = chars
    if (!isYoung) this.#add(entry)
    this.#changed.add(entry)
  }

  /** Hands over what was changed since the last call; from now on it may be forgotten. */
  takeChanged(write: (entry: HeldRecord) => void): void {
    if (this.#changed.size === 0) return
    for (const entry of this.#changed) {
      const { chars } = entry
      write(entry)
      this.#youngChars += entry.chars - chars
    }
    this.#changed.clear()
    this.#age()
  }

  /** Forgets a key, which has no changes: it is read again when it is next asked for. */
  drop(key: string): void {
    const entry = this.#young.get(key)
    if (entry) this.#youngChars -= entry.chars + overheadChars
    this.#young.delete(key)
    this.#old.delete(key)
  }

  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
    this.#changed.clear()
    this.#youngChars = 0
  }

  #add(entry: HeldRecord): void {
    this.#young.set(entry.key, entry)
    this.#youngChars += entry.chars + overheadChars
  }

  /** Not while there are changes: what was read before them would be read from a disk that has them not yet. */
  #age(): void {
    if (this.#youngChars <= this.#maxChars || this.#changed.size > 0) return
    this.#old = this.#young
    this.#young = new Map()
    this.#youngChars = 0
  }
}
