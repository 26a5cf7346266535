import type { Dice } from '../../chaos/dice.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/**
 * Makes views of members wrong: for a while the membership's calls to a machine are lost, those of one other machine or of all, whereas everything else
 * reaches it. So it may be taken for dead while it takes part.
 */
export class Deafness {
  readonly #world: World
  readonly #dice: Dice
  /** Until when (virtual milliseconds), by `from>to`, or `>to` for all. */
  readonly #until = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
    this.#dice = world.dice.fork('deafness')
  }

  /** Whether a call is lost. */
  swallows(from: Machine, to: Machine): boolean {
    const { calm, agenda, plan } = this.#world
    if (calm) return false
    const { errorChance, errorMs } = plan.membership
    const links = [`${from.name}>${to.name}`, `>${to.name}`]
    if (this.#dice.chance(errorChance)) {
      this.#until.set(this.#dice.pick(links)!, agenda.now + errorMs * this.#dice.next())
    }
    return links.some((link) => agenda.now < (this.#until.get(link) ?? 0))
  }
}
