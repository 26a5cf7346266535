interface Entry {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** What will happen, in the order of virtual time; what is due at the same time happens in the order in which it was planned. */
export class Agenda {
  /** Milliseconds of virtual time since the run began. */
  now = 0
  /** How many entries have happened. */
  events = 0
  #planned = 0
  readonly #heap: Entry[] = []

  at(time: number, run: () => void): void {
    this.#planned += 1
    this.#heap.push({ at: Math.max(time, this.now), order: this.#planned, run })
    this.#rise(this.#heap.length - 1)
  }

  in(delayMs: number, run: () => void): void {
    this.at(this.now + delayMs, run)
  }

  /** Lets what is due until a time happen, as long as `going` says so. */
  runUntil(time: number, going: () => boolean): void {
    for (let next = this.#heap[0]; next && next.at <= time && going(); next = this.#heap[0]) {
      this.#pop()
      this.now = next.at
      this.events += 1
      next.run()
    }
    if (going()) this.now = Math.max(this.now, time)
  }

  #pop(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink()
  }

  #rise(start: number): void {
    const heap = this.#heap
    const entry = heap[start]!
    let place = start
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(entry, heap[parent]!)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = entry
  }

  #sink(): void {
    const heap = this.#heap
    const entry = heap[0]!
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, entry)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = entry
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
