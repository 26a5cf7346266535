import type { Dice } from '../../chaos/dice.ts'
import type { WorkloadPlan } from '../world/plan.ts'
import type { World } from '../world/world.ts'
import type { Host } from './host.ts'

/** Hosts that go, whatever they have at hand, and come back later; when all is calm, all come back. */
export class HostTraffic {
  readonly #world: World
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #plan: NonNullable<WorkloadPlan['hostsGo']>
  readonly #dice: Dice

  constructor(world: World, hosts: ReadonlyMap<string, Host>, plan: NonNullable<WorkloadPlan['hostsGo']>) {
    this.#world = world
    this.#hosts = hosts
    this.#plan = plan
    this.#dice = world.dice.fork('host traffic')
  }

  start(): void {
    const { agenda, coverage } = this.#world
    agenda.in(this.#plan.everyMs * 2 * this.#dice.next(), () => {
      if (this.#world.calm) return
      const host = this.#dice.pick([...this.#hosts.values()].filter(({ isPresent }) => isPresent))
      if (host) {
        coverage.count('host_gone')
        this.#world.trace(() => `${host.name} goes`)
        host.leave()
        agenda.in(this.#plan.awayMs * (1 + this.#dice.next()), () => host.come())
      }
      this.start()
    })
  }
}
