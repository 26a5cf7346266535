/** Independent accusers, besides the first, after whom a suspect has no more time than the shortest. */
const accusersWanted = 2
/** The shortest time to refute, in rounds of probes, of a network of up to ten; it grows with the logarithm of the members. */
const minRounds = 4
const maxFactor = 6

export interface SuspicionTimes {
  readonly intervalMs: number
  /** Members that are not dead, this one included. */
  readonly members: number
}

/** The time that a suspect has to refute (Lifeguard): long while one coordinator alone accuses it, shorter with each that agrees. */
export class Suspicion {
  readonly #accusers = new Set<string>()
  readonly #minMs: number
  readonly #maxMs: number
  readonly #wanted: number
  #startedAt: number

  constructor(accuser: string, now: number, { intervalMs, members }: SuspicionTimes) {
    this.#accusers.add(accuser)
    this.#startedAt = now
    this.#minMs = minRounds * Math.max(1, Math.log10(members)) * intervalMs
    this.#maxMs = maxFactor * this.#minMs
    // Where so many others do not exist, nobody can be waited for.
    this.#wanted = members - 2 < accusersWanted ? 0 : accusersWanted
  }

  /** Whether this accuser would be news. */
  wants(accuser: string): boolean {
    return this.#accusers.size <= this.#wanted && !this.#accusers.has(accuser)
  }

  /** Says whether this accuser is news that others should hear of too. */
  confirm(accuser: string): boolean {
    if (!this.wants(accuser)) return false
    this.#accusers.add(accuser)
    return true
  }

  /** Begins anew: nobody could be heard meanwhile. */
  restart(now: number): void {
    this.#startedAt = now
  }

  isOver(now: number): boolean {
    const confirmations = this.#accusers.size - 1
    const share = this.#wanted === 0 ? 1 : Math.log(confirmations + 1) / Math.log(this.#wanted + 1)
    return now - this.#startedAt >= Math.max(this.#minMs, this.#maxMs - share * (this.#maxMs - this.#minMs))
  }
}
