/*
 * When what gathers leaves. Sans-IO: the time comes in as a value, what is to be sent goes out as one.
 *
 * What comes while fewer than `maxRequests` requests are under way leaves at once, all that is there together; what comes then gathers
 * until one of them has its answer. So a call alone is never held up, and under load the requests grow as large as the load needs. A
 * request that has been under way for `slowMs` holds up nobody any more: what waits leaves beside it, until `maxSlowRequests` are.
 */

export interface GatheringOptions {
  /** Of one request. */
  readonly maxItems: number
  /** Of one request: the lengths of its items together. One item may have more. */
  readonly maxChars: number
  /** Requests under way beyond which what comes gathers. */
  readonly maxRequests: number
  readonly slowMs: number
  /** Requests under way at most, slow ones included. */
  readonly maxSlowRequests: number
}

export interface Gathered {
  readonly chars: number
  /** Nobody waits for it any more. */
  readonly isOver: boolean
}

export interface UnderWay {
  readonly since: number
}

export type Leaving<T> =
  | { kind: 'go'; items: T[]; request: UnderWay }
  /** To be asked again then. */
  | { kind: 'wait'; until: number }
  /** To be asked again when something came or a request ended. */
  | { kind: 'rest' }

/** What waits, and what is under way: says what leaves when. The caller adds, asks, sends, and says what has ended. */
export class Gathering<T extends Gathered> {
  readonly #options: GatheringOptions
  readonly #underWay = new Set<UnderWay>()
  #items: T[] = []

  constructor(options: GatheringOptions) {
    this.#options = options
  }

  /** Whether nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return this.#items.length === 0 && this.#underWay.size === 0
  }

  add(item: T): void {
    this.#items.push(item)
  }

  /** The request has ended, however. */
  ended(request: UnderWay): void {
    this.#underWay.delete(request)
  }

  /** Takes out all that waits. */
  clear(): T[] {
    return this.#items.splice(0)
  }

  next(now: number): Leaving<T> {
    const { maxRequests, slowMs, maxSlowRequests } = this.#options
    if (this.#items.length === 0 || this.#underWay.size >= maxSlowRequests) return { kind: 'rest' }
    const quick = [...this.#underWay].filter(({ since }) => now - since < slowMs)
    if (quick.length >= maxRequests) return { kind: 'wait', until: quick[0]!.since + slowMs }
    const items = this.#take()
    if (items.length === 0) return { kind: 'rest' }
    const request = { since: now }
    this.#underWay.add(request)
    return { kind: 'go', items, request }
  }

  #take(): T[] {
    const { maxItems, maxChars } = this.#options
    const taken: T[] = []
    let chars = 0
    let count = 0
    for (const item of this.#items) {
      if (!item.isOver) {
        if (taken.length === maxItems || (taken.length > 0 && chars + item.chars > maxChars)) break
        taken.push(item)
        chars += item.chars
      }
      count += 1
    }
    this.#items.splice(0, count)
    return taken
  }
}
