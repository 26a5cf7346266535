import type { DueRecord } from '@skyclaw/store'

/** The due records of one requirement key. */
export interface Lane {
  readonly key: string
  /** The most urgent of them, where that is known. */
  best: DueRecord | undefined
}

/** Candidates looked at beyond the number asked for, so that one that is withheld costs no second look. */
const spare = 16

/** Records that a look at one of many lanes reads at least. */
const leastWindow = 4

/** Candidates of one requirement key looked at by one claim: a turn is short. */
const maxPerKey = 1_024

/**
 * The due records of some lanes, most urgent first: priority, then time, then the order in which they were made. It reads few, and reads on
 * while the caller goes on asking: of a lane whose best record is known nothing, until that has been taken. Nothing is written meanwhile.
 *
 * @param due reads the first records of a requirement key in that order
 */
export function* candidates(
  lanes: readonly Lane[],
  limit: number,
  due: (requirementKey: string, limit: number) => DueRecord[],
): Generator<DueRecord> {
  const window = Math.max(leastWindow, Math.ceil((limit + spare) / lanes.length))
  const readers = lanes.map((lane) => new LaneReader(lane, window, due)).filter(({ next }) => next)
  readers.sort((a, b) => byUrgency(a.next!, b.next!))
  for (let reader = readers[0]; reader; reader = readers[0]) {
    yield reader.next!
    reader.advance()
    readers.shift()
    if (reader.next) readers.splice(placeOf(reader.next, readers), 0, reader)
  }
}

class LaneReader {
  next: DueRecord | undefined
  readonly #lane: Lane
  readonly #due: (requirementKey: string, limit: number) => DueRecord[]
  #window: number
  #rows: readonly DueRecord[] = []
  /** Where `next` stands in the rows. */
  #at = -1

  constructor(lane: Lane, window: number, due: (requirementKey: string, limit: number) => DueRecord[]) {
    this.#lane = lane
    this.#window = window
    this.#due = due
    this.next = lane.best
    if (this.next) return
    this.#rows = due(lane.key, window)
    this.#at = 0
    this.next = lane.best = this.#rows[0]
  }

  advance(): void {
    const last = this.next!
    this.#at += 1
    if (this.#at === 0) this.#read(last)
    else if (this.#at === this.#rows.length && this.#rows.length === this.#window && this.#window < maxPerKey) {
      this.#window *= 4
      this.#read(last)
    }
    this.next = this.#rows[this.#at]
  }

  #read(last: DueRecord): void {
    this.#rows = this.#due(this.#lane.key, this.#window)
    const after = this.#rows.findIndex((row) => byUrgency(row, last) > 0)
    this.#at = after === -1 ? this.#rows.length : after
  }
}

/** The first place whose reader is less urgent. */
function placeOf(record: DueRecord, readers: readonly LaneReader[]): number {
  let from = 0
  let to = readers.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (byUrgency(readers[middle]!.next!, record) < 0) from = middle + 1
    else to = middle
  }
  return from
}

/** Below zero when the first goes before the second. */
export function byUrgency(a: DueRecord, b: DueRecord): number {
  return (
    b.priority - a.priority ||
    a.runAt - b.runAt ||
    a.sequence - b.sequence ||
    (a.key < b.key ? -1 : a.key === b.key ? 0 : 1)
  )
}
