/** Entries that passed through before the map is replaced; fewer are not worth a new one. */
const renewedAfter = 64

/**
 * A map through which entries pass: each stays for a moment, and mostly there is none. V8 gives a Map a new table again and again while
 * entries come and go, and each table that was left refers to the next. Once one of them is in the old generation, all later ones, and
 * all that was in them, outlive every collection of the young one. So a map that is empty is replaced by another.
 *
 * Whoever goes through the entries meanwhile does not see those that come after it was empty.
 */
export class PassingMap<K, V> {
  #map = new Map<K, V>()
  #passed = 0

  get size(): number {
    return this.#map.size
  }

  has(key: K): boolean {
    return this.#map.has(key)
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  set(key: K, value: V): void {
    this.#map.set(key, value)
  }

  delete(key: K): boolean {
    if (!this.#map.delete(key)) return false
    this.#passed += 1
    if (this.#passed >= renewedAfter && this.#map.size === 0) this.clear()
    return true
  }

  clear(): void {
    this.#map = new Map()
    this.#passed = 0
  }

  keys(): Iterable<K> {
    return this.#map.keys()
  }

  [Symbol.iterator](): Iterator<[K, V]> {
    return this.#map[Symbol.iterator]()
  }
}

/** The same of values alone. */
export class PassingSet<T> {
  readonly #values = new PassingMap<T, T>()

  get size(): number {
    return this.#values.size
  }

  has(value: T): boolean {
    return this.#values.has(value)
  }

  add(value: T): void {
    this.#values.set(value, value)
  }

  delete(value: T): boolean {
    return this.#values.delete(value)
  }

  clear(): void {
    this.#values.clear()
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#values.keys()[Symbol.iterator]()
  }
}
