import type { Dice } from '../../chaos/dice.ts'
import type { Agenda } from './agenda.ts'

export interface NetworkPlan {
  /** Most messages take about so long. */
  readonly delayMs: number
  /** Some take up to so long, and others overtake them. */
  readonly slowChance: number
  readonly slowMs: number
  readonly lossChance: number
  readonly duplicateChance: number
}

/** Carries what machines send to each other: late, twice, in any order, or not at all. Machines are known by their names. */
export class Network {
  sent = 0
  lost = 0
  duplicated = 0
  /** Nothing is lost, doubled or slow any more. */
  healed = false
  /** Until then (virtual milliseconds) most messages are lost. */
  stormUntil = 0
  readonly #agenda: Agenda
  readonly #dice: Dice
  readonly #plan: NetworkPlan
  /** Directed links that are cut, `from>to`, and how many cuts hold each. */
  readonly #cuts = new Map<string, number>()

  constructor(agenda: Agenda, dice: Dice, plan: NetworkPlan) {
    this.#agenda = agenda
    this.#dice = dice
    this.#plan = plan
  }

  /** Calls `arrive` once, twice or never. */
  carry(from: string, to: string, arrive: () => void): void {
    this.sent += 1
    if (from === to) {
      this.#agenda.in(0, arrive)
      return
    }
    if (!this.isOpen(from, to) || this.#dice.chance(this.#lossChance())) {
      this.lost += 1
      return
    }
    this.#deliver(from, to, arrive)
    if (!this.healed && this.#dice.chance(this.#plan.duplicateChance)) {
      this.duplicated += 1
      this.#deliver(from, to, arrive)
    }
  }

  isOpen(from: string, to: string): boolean {
    return !this.#cuts.has(`${from}>${to}`)
  }

  /** Cuts the links from some machines to others, one way, until the answer is called. */
  cut(from: readonly string[], to: readonly string[]): () => void {
    const links = from.flatMap((a) => to.filter((b) => b !== a).map((b) => `${a}>${b}`))
    for (const link of links) this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1)
    let over = false
    return () => {
      if (over) return
      over = true
      for (const link of links) {
        const left = (this.#cuts.get(link) ?? 0) - 1
        if (left > 0) this.#cuts.set(link, left)
        else this.#cuts.delete(link)
      }
    }
  }

  heal(): void {
    this.healed = true
    this.#cuts.clear()
  }

  /** A message that is under way when its link is cut is lost with it. */
  #deliver(from: string, to: string, arrive: () => void): void {
    this.#agenda.in(this.#delay(), () => {
      if (this.isOpen(from, to)) arrive()
      else this.lost += 1
    })
  }

  #lossChance(): number {
    if (this.healed) return 0
    return this.#agenda.now < this.stormUntil ? 0.7 : this.#plan.lossChance
  }

  #delay(): number {
    const { delayMs, slowChance, slowMs } = this.#plan
    const usual = delayMs * (0.5 + this.#dice.next())
    return !this.healed && this.#dice.chance(slowChance) ? usual + this.#dice.next() * slowMs : usual
  }
}
