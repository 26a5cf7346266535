import type { HeldRecord } from './held-record.ts'

/** What an entry takes besides its text. */
const overheadChars = 1_000

/**
 * What was read or written last, as objects, so that a change that touches a record several times does not parse it as often. What is
 * not there is remembered too. Everything goes through it, and nothing else writes those rows; after a rollback it must be cleared.
 */
export class HeldRecords {
  readonly #entries = new Map<string, HeldRecord>()
  readonly #changed = new Set<HeldRecord>()
  readonly #maxChars: number
  #chars = 0

  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  /** What is held under a key, read by `load` when it is not here. */
  get(key: string, load: (key: string) => HeldRecord): HeldRecord {
    const entry = this.#entries.get(key)
    if (entry) return entry
    const loaded = load(key)
    this.#add(loaded)
    this.#evict()
    return loaded
  }

  /** An entry is changed: it stays here until the changes are taken. `chars` is the length of its known value's text. */
  change(entry: HeldRecord, chars = entry.chars): void {
    this.drop(entry.key)
    entry.chars = chars
    this.#add(entry)
    this.#changed.add(entry)
  }

  /** Hands over what was changed since the last call; from now on it may be evicted. */
  takeChanged(write: (entry: HeldRecord) => void): void {
    for (const entry of this.#changed) write(entry)
    this.#changed.clear()
    this.#evict()
  }

  /** Forgets a key, which has no changes: it is read again when it is next asked for. */
  drop(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#chars -= entry.chars + overheadChars
  }

  clear(): void {
    this.#entries.clear()
    this.#changed.clear()
    this.#chars = 0
  }

  #add(entry: HeldRecord): void {
    this.#entries.set(entry.key, entry)
    this.#chars += entry.chars + overheadChars
  }

  #evict(): void {
    if (this.#changed.size > 0) return
    for (const [key] of this.#entries) {
      if (this.#chars <= this.#maxChars) return
      this.drop(key)
    }
  }
}
