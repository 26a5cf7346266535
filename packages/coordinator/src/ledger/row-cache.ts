interface Entry<V> {
  readonly row: V | undefined
  readonly chars: number
}

/** What an entry takes besides its text. */
const overheadChars = 500

/**
 * The rows that were read or written last, as objects, so that a change that touches a record several times does not parse it as often.
 * What is not there is remembered too. Everything goes through it, and nothing else writes those rows; after a rollback it must be cleared.
 */
export class RowCache<V> {
  readonly #entries = new Map<string, Entry<V>>()
  readonly #maxChars: number
  #chars = 0

  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  /** The row, read by `load` when it is not here. */
  get(key: string, load: (key: string) => { readonly row: V; readonly chars: number } | undefined): V | undefined {
    const entry = this.#entries.get(key)
    if (entry) return entry.row
    const loaded = load(key)
    this.put(key, loaded?.row, loaded?.chars ?? 0)
    return loaded?.row
  }

  /** Takes what was written, or that it was dropped; `chars` is the length of its text. */
  put(key: string, row: V | undefined, chars: number): void {
    this.drop(key)
    this.#entries.set(key, { row, chars: chars + overheadChars })
    this.#chars += chars + overheadChars
    for (const [oldest] of this.#entries) {
      if (this.#chars <= this.#maxChars) return
      this.drop(oldest)
    }
  }

  /** Forgets a key: it is read again when it is next asked for. */
  drop(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#chars -= entry.chars
  }

  clear(): void {
    this.#entries.clear()
    this.#chars = 0
  }
}
