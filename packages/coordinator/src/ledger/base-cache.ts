import type { KeyUnderBase } from '@skyclaw/store'
import { baseOf, firstLineage } from './record-key.ts'

const maxBases = 10_000

/** A base with more keys is not kept: there are hardly ever two. */
const maxKeys = 16

/** The keys that begin with a base, for the bases that were asked for last; told of each that comes or goes. */
export class BaseCache {
  /** For each key under a base, whether anything but a promise is held there. */
  readonly #bases = new Map<string, Map<string, boolean>>()

  /**
   * The keys under a base at which something is held, in order; undefined when they are not here and cannot be kept. `list` reads all
   * that is under a base, as far as the limit goes.
   */
  keys(base: string, list: (base: string, limit: number) => readonly KeyUnderBase[]): readonly string[] | undefined {
    const kept = this.#bases.get(base)
    if (kept) return inOrder(kept)
    // Not the keys of one base, but whatever begins so.
    if (baseOf(`${base}${firstLineage}`) !== base) return undefined
    const found = list(base, maxKeys)
    if (found.length === maxKeys) return undefined
    const keys = united(found)
    this.#bases.set(base, keys)
    if (this.#bases.size > maxBases) this.#bases.delete(this.#bases.keys().next().value!)
    return inOrder(keys)
  }

  /** Whether it is known here that there is nothing under a key, not even a promise. */
  lacks(key: string): boolean {
    const base = baseOf(key)
    const keys = base === undefined ? undefined : this.#bases.get(base)
    return keys !== undefined && !keys.has(key)
  }

  /** Something is held under a key; `held`: more than a promise. */
  note(key: string, held: boolean): void {
    const base = baseOf(key)
    const keys = base === undefined ? undefined : this.#bases.get(base)
    if (!keys) return
    keys.set(key, held)
    if (keys.size >= maxKeys) this.#bases.delete(base!)
  }

  /** Perhaps there is nothing under a key any more. */
  forget(key: string): void {
    const base = baseOf(key)
    if (base !== undefined) this.#bases.delete(base)
  }

  clear(): void {
    this.#bases.clear()
  }
}

/** A record and its register come one after the other. */
function united(found: readonly KeyUnderBase[]): Map<string, boolean> {
  const keys = new Map<string, boolean>()
  for (const { key, held } of found) keys.set(key, held === 1 || keys.get(key) === true)
  return keys
}

function inOrder(keys: ReadonlyMap<string, boolean>): readonly string[] {
  const held: string[] = []
  for (const [key, isHeld] of keys) if (isHeld) held.push(key)
  return held.length < 2 ? held : held.toSorted()
}
