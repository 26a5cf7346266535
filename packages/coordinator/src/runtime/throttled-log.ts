import type { Log } from '../log.ts'

/** Between two lines about the same thing. */
const intervalMs = 10_000

/** Things that are told apart at most. */
const maxSubjects = 1_000

/** Lines about different things in that time, at most. */
const maxLines = 100

/**
 * Warns of what may happen many times a second: one line each 10 s for a subject, with how many there were since the last, and no more than
 * so many lines in all: whoever makes up new subjects must not fill the disk.
 */
export class ThrottledLog {
  readonly #log: Log
  readonly #monotonic: () => number
  readonly #subjects = new Map<string, { readonly at: number; withheld: number }>()
  #windowAt = Number.NEGATIVE_INFINITY
  #lines = 0
  #withheld = 0

  constructor(log: Log, monotonic: () => number) {
    this.#log = log
    this.#monotonic = monotonic
  }

  warn(subject: string, fields: object, message: string): void {
    const now = this.#monotonic()
    const last = this.#subjects.get(subject)
    if (last && now - last.at < intervalMs) {
      last.withheld += 1
      return
    }
    if (!this.#hasRoom(now)) return
    if (this.#subjects.size >= maxSubjects) this.#subjects.clear()
    this.#subjects.set(subject, { at: now, withheld: 0 })
    this.#log.warn({ ...fields, ...(last && last.withheld > 0 && { before: last.withheld }) }, message)
  }
  #hasRoom(now: number): boolean {
    if (now - this.#windowAt >= intervalMs) {
      const withheld = this.#withheld
      this.#windowAt = now
      this.#lines = 0
      this.#withheld = 0
      if (withheld > 0) this.#log.warn({ withheld }, `${withheld} more warnings about other coordinators were withheld`)
    }
    this.#lines += 1
    if (this.#lines <= maxLines) return true
    this.#withheld += 1
    return false
  }
}
