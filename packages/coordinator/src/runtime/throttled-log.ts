import type { Log } from '../log.ts'

/** Between two lines about the same thing. */
const intervalMs = 10_000

/** Things that are told apart at most. */
const maxSubjects = 1_000

/** Warns of what may happen many times a second: one line each 10 s for a subject, with how many there were since the last. */
export class ThrottledLog {
  readonly #log: Log
  readonly #monotonic: () => number
  readonly #subjects = new Map<string, { readonly at: number; withheld: number }>()

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
    if (this.#subjects.size >= maxSubjects) this.#subjects.clear()
    this.#subjects.set(subject, { at: now, withheld: 0 })
    this.#log.warn({ ...fields, ...(last && last.withheld > 0 && { before: last.withheld }) }, message)
  }
}
