/**
 * Back-pressure: which new work is taken in. What was taken in and is not answered yet is counted in units, one of which is about the work of
 * a small job. How many units end in a millisecond is measured while enough is in work, and so it is known how long all that waits
 * will take. While that is longer than the bound, new work is refused with the time after which to come back: who is refused at once can
 * go elsewhere, and those who were taken in are answered soon, whatever the rush.
 *
 * Those who are sent away are counted as well: they are given times at which there will be room for as many, and not all the same one.
 */
export interface AdmissionOptions {
  /** New work is refused while what waits takes longer than so many milliseconds. */
  readonly maxBacklogMs: number
  /** From [0, 1). */
  readonly random: () => number
}

/** Until it was measured: less than most machines do, and enough for 64 callers of 100 jobs each that all come at the start. */
const initialUnitsPerMs = 10

/** So much is always taken in: for less, the time that one takes says nothing about how many end. */
const minBacklogUnits = 16

/** With fewer in work, the rate is that of the callers, and not what could be done. */
const busyUnits = minBacklogUnits / 2

/** How much time with enough in work is measured at once. */
const windowMs = 100

/** A lower rate is believed with as much in work as should have ended in so long: with less, it may be how long each piece takes. */
const believedMs = 50

/** The weight of the latest window in the measured rate. */
const windowWeight = 0.3

/** Callers give up after about ten seconds: later would be never. */
const maxRetryAfterSeconds = 5

export class Admission {
  readonly #options: AdmissionOptions
  #waiting = 0
  #working = 0
  #unitsPerMs = initialUnitsPerMs
  /** Since when enough has been in work without a break. */
  #busySince: number | undefined
  /** What was in work together, and for how long, since the rate was last measured: the breaks between are no part of it. */
  #busyMs = 0
  #ended = 0
  /** Units sent away that are still to come back, as of `#appointedAt`. */
  #appointed = 0
  #appointedAt = 0
  #lateMs: readonly [before: number, latest: number] = [0, 0]

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** How long what waits will take, in milliseconds. */
  get backlogMs(): number {
    return this.#waiting / this.#unitsPerMs
  }

  /** Units taken in and neither ended nor dropped. */
  get waiting(): number {
    return this.#waiting
  }

  /** Takes so many units in, or answers after how many seconds to come back. What was taken in must be begun and ended, or dropped. */
  admit(units: number, now: number): number | undefined {
    if (this.#isOpen()) {
      this.#waiting += units
      return undefined
    }
    return this.#appoint(units, now)
  }

  /** The same for work that is more than was taken in for it; when it is refused, nothing of it is left. */
  grow(admitted: number, units: number, now: number): number | undefined {
    this.drop(admitted)
    return this.admit(units, now)
  }

  /** Work that was taken in is whole, and is done from now on. */
  begin(units: number, now: number): void {
    this.#working += units
    if (this.#working >= busyUnits) this.#busySince ??= now
  }

  /** Work that was begun has been done. */
  end(units: number, now: number): void {
    if (this.#busySince !== undefined) this.#measure(units, this.#busySince, now)
    this.#working -= units
    this.#waiting -= units
    if (this.#working < busyUnits) this.#busySince = undefined
  }

  /** Work that was taken in will not be begun. */
  drop(units: number): void {
    this.#waiting -= units
  }

  /** To be told how late a timer was: twice in a row, and the process has more to do than it counts here. */
  late(ms: number): void {
    this.#lateMs = [this.#lateMs[1], ms]
  }

  /** It will not be told for a while. */
  forgetLate(): void {
    this.#lateMs = [0, 0]
  }

  #isOpen(): boolean {
    const { maxBacklogMs } = this.#options
    if (Math.min(...this.#lateMs) > maxBacklogMs) return false
    return this.#waiting < minBacklogUnits || this.backlogMs < maxBacklogMs
  }

  #measure(units: number, since: number, now: number): void {
    this.#ended += units
    this.#busyMs += now - since
    this.#busySince = now
    if (this.#busyMs < windowMs) return
    const more = this.#ended / this.#busyMs - this.#unitsPerMs
    if (more > 0 || this.#working >= this.#unitsPerMs * believedMs) this.#unitsPerMs += windowWeight * more
    this.#ended = 0
    this.#busyMs = 0
  }

  #appoint(units: number, now: number): number {
    const cameBack = (now - this.#appointedAt) * this.#unitsPerMs
    this.#appointed = Math.max(0, this.#appointed - cameBack) + units
    this.#appointedAt = now
    const ms = Math.max(...this.#lateMs, this.backlogMs + this.#appointed / this.#unitsPerMs)
    const seconds = Math.ceil((ms / 1_000) * (0.5 + this.#options.random()))
    return Math.min(maxRetryAfterSeconds, Math.max(1, seconds))
  }
}
