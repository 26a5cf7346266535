import type { FoundKey } from '@skyclaw/store'
import { baseOf, firstLineage, timedJobPrefix } from './record-key.ts'

/** What there is under a key: a value, known or accepted, or a promise alone. */
export type Holding = 'value' | 'promise' | 'nothing'

export interface BaseIndexOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** All that is on disk under the keys from one text up to another, in no order; the first `limit` of it. */
  readonly list: (from: string, to: string, limit: number) => readonly FoundKey[]
}

/** Of one generation. */
const maxBases = 10_000

/** A base with more keys is not kept: there are hardly ever two. */
const maxKeysOfBase = 16

/** So far ahead it is looked up at once which keys exist: hardly any, unless clocks differ. */
const windowMs = 120_000
const maxKeysOfWindow = 1_000

interface HeldKey {
  readonly key: string
  holding: Holding
}

/** After all that a key can go on with. */
const afterAll = '\u{10FFFF}'

/**
 * Which keys there are under a base, in memory: of the bases that were asked for last, and of all whose jobs were made lately, so that
 * most new keys need no look at the disk. It must be told of every key that comes or goes.
 */
export class BaseIndex {
  readonly #options: BaseIndexOptions
  /** Two generations: when the young one is full it is the old one, and the old one is forgotten. */
  #young = new Map<string, HeldKey[]>()
  #old = new Map<string, HeldKey[]>()
  /** Between these two, what is in neither generation does not exist. */
  #from = ''
  #to = ''
  /** What was looked up last: a change asks several times for one base. */
  #lastBase: string | undefined
  #lastKeys: HeldKey[] | undefined
  /** The start at which too much was found ahead: not looked up again before the next. */
  #fullAt = ''

  constructor(options: BaseIndexOptions) {
    this.#options = options
  }

  /** The keys under a base that have a value, in order; undefined when that cannot be said from here. */
  keys(base: string): readonly string[] | undefined {
    if (base >= this.#to) this.#extend(base)
    const kept = this.#kept(base)
    if (kept) return withValue(kept)
    // Not the keys of one base, but whatever begins so.
    if (baseOf(`${base}${firstLineage}`) !== base) return undefined
    if (this.#isWithin(base)) return []
    const found = this.#options.list(base, `${base}${afterAll}`, maxKeysOfBase)
    if (found.length === maxKeysOfBase) return undefined
    const keys: HeldKey[] = []
    for (const { key, held } of found) note(keys, key, held)
    this.#keep(base, keys)
    return withValue(keys)
  }

  /** Whether it is known here that there is nothing under a key. */
  lacks(key: string): boolean {
    const base = baseOf(key)
    if (base === undefined) return false
    if (base >= this.#to) this.#extend(base)
    const keys = this.#kept(base)
    return keys ? !keys.some((held) => held.key === key) : this.#isWithin(base)
  }

  /** Says what there is under a key from now on. */
  set(key: string, holding: Holding): void {
    const base = baseOf(key)
    if (base === undefined) return
    const keys = this.#kept(base)
    const at = keys?.findIndex((held) => held.key === key) ?? -1
    if (holding === 'nothing') return void (at >= 0 && keys!.splice(at, 1))
    if (at >= 0) keys![at]!.holding = holding
    else if (keys) keys.push({ key, holding })
    else if (this.#isWithin(base)) this.#keep(base, [{ key, holding }])
  }

  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
    this.#lastBase = this.#lastKeys = undefined
    this.#from = this.#to = this.#fullAt = ''
  }

  #isWithin(base: string): boolean {
    return base > this.#from && base < this.#to
  }

  /** Takes in the time to come, when the base is of now: from what is covered on, or from now on where that lies behind. */
  #extend(base: string): void {
    const now = this.#options.now()
    const start = timedJobPrefix(now)
    const to = timedJobPrefix(now + windowMs)
    const from = this.#to > start ? this.#to : start
    if (base < from || base >= to || start === this.#fullAt) return
    const found = this.#options.list(from, to, maxKeysOfWindow)
    if (found.length === maxKeysOfWindow) {
      this.#fullAt = start
      return
    }
    if (from === start) this.#from = start
    this.#to = to
    for (const { key, held } of found) {
      const of = baseOf(key)
      if (of === undefined) continue
      const keys = this.#kept(of) ?? []
      note(keys, key, held)
      this.#keep(of, keys)
    }
  }

  #kept(base: string): HeldKey[] | undefined {
    if (base !== this.#lastBase) {
      this.#lastKeys = this.#young.get(base) ?? this.#old.get(base)
      this.#lastBase = base
    }
    return this.#lastKeys
  }

  #keep(base: string, keys: HeldKey[]): void {
    this.#lastBase = undefined
    this.#young.set(base, keys)
    if (this.#young.size < maxBases) return
    for (const forgotten of this.#old.keys()) {
      if (this.#isWithin(forgotten) && !this.#young.has(forgotten)) this.#from = forgotten
    }
    this.#old = this.#young
    this.#young = new Map()
  }
}

/** A record and its register come one after the other. */
function note(keys: HeldKey[], key: string, held: number): void {
  const same = keys.find((other) => other.key === key)
  if (!same) keys.push({ key, holding: held === 1 ? 'value' : 'promise' })
  else if (held === 1) same.holding = 'value'
}

function withValue(keys: readonly HeldKey[]): readonly string[] {
  const held: string[] = []
  for (const { key, holding } of keys) if (holding === 'value') held.push(key)
  return held.length < 2 ? held : held.toSorted()
}
