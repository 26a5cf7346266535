import type { Dice } from '../../chaos/dice.ts'
import type { Machine } from './machine.ts'
import type { FaultKind } from './plan.ts'
import { canDoWithout } from './spare.ts'
import type { World } from './world.ts'

const mostMachines = 7

/** Makes the plan's faults happen, each kind at its own rate, until the world is calm. */
export class Faults {
  readonly #world: World
  readonly #dice: Dice
  /** Has a machine join, not started yet. */
  readonly #join: () => Machine

  constructor(world: World, join: () => Machine) {
    this.#world = world
    this.#dice = world.dice.fork('faults')
    this.#join = join
  }

  start(): void {
    for (const [kind, everyMs] of this.#world.plan.faults) this.#next(kind, everyMs)
  }

  #next(kind: FaultKind, everyMs: number): void {
    const pause = -Math.log(1 - this.#dice.next()) * everyMs
    this.#world.agenda.in(pause, () => {
      if (this.#world.calm) return
      const machine = this.#dice.pick(this.#world.machines.filter(({ isUp }) => isUp))
      if (this.#inject(kind, machine)) {
        this.#world.coverage.fault(kind)
        this.#world.trace(() => `fault: ${kind} ${machine?.name ?? ''}`)
      }
      this.#next(kind, everyMs)
    })
  }

  /** False when the fault has no place now. */
  #inject(kind: FaultKind, machine: Machine | undefined): boolean {
    const { network, plan } = this.#world
    switch (kind) {
      case 'crash':
        return machine !== undefined && this.#crash(machine)
      case 'rollback':
      case 'lost_effects':
        if (!machine) return false
        machine.failNextCommit(kind === 'rollback' ? 'rolled_back' : this.#dice.pick(['nothing_left', 'not_synced'])!)
        return true
      case 'pause':
        machine?.pause(this.#leave(machine))
        return machine !== undefined
      case 'partition': {
        const sides = this.#sides()
        const cuts = sides.flatMap((side) =>
          sides.filter((other) => other !== side).map((other) => network.cut(side, other)),
        )
        this.#later(() => cuts.forEach((mend) => mend()))
        return true
      }
      case 'one_way': {
        const [from, to] = [this.#dice.pick(this.#names())!, this.#dice.pick(this.#names())!]
        this.#later(network.cut([from], [to]))
        return true
      }
      case 'storm':
        network.stormUntil = this.#world.agenda.now + 50 + this.#dice.next() * 400
        return true
      case 'clock_jump':
        machine?.clock.jump()
        return machine !== undefined
      case 'disk_lost':
        return machine !== undefined && this.#loseDisk(machine)
      case 'power_loss':
        for (const each of this.#world.machines) this.#crash(each)
        return true
      case 'm_changed':
        return this.#changeM(this.#dice.int(1, Math.min(3, this.#world.machines.length)))
      case 'join': {
        if (this.#world.machines.length >= mostMachines || plan.faults.size === 0) return false
        this.#join().start()
        return true
      }
      case 'forget':
        break
    }
    return this.#forget()
  }

  #crash(machine: Machine): boolean {
    machine.downUntil = this.#leave(machine)
    machine.crash()
    return true
  }

  /** Until when a machine is away. A long absence is one that the records can stand: nothing is refreshed without a quorum. */
  #leave(machine: Machine): number {
    const ms = this.#downMs()
    const { now } = this.#world.agenda
    if (ms > this.#shortMs && canDoWithout(this.#world, machine.instance)) machine.awayUntil = now + ms
    return now + (machine.awayUntil > now ? ms : Math.min(ms, this.#shortMs))
  }

  #downMs(): number {
    const { downMs } = this.#world.plan
    return this.#dice.chance(0.5) ? this.#dice.next() * 100 : this.#dice.next() * downMs
  }

  /** So long any number of machines may be away at once. */
  get #shortMs(): number {
    return this.#world.plan.retentionMs / 4
  }

  #later(end: () => void): void {
    this.#world.agenda.in(Math.min(this.#downMs(), this.#shortMs), end)
  }

  #names(): string[] {
    return this.#world.machines.map(({ name }) => name)
  }

  /** Two or three groups of machines. */
  #sides(): string[][] {
    const sides: string[][] = [[], [], []]
    const count = this.#dice.int(2, 3)
    for (const name of this.#names()) sides[this.#dice.int(0, count - 1)]!.push(name)
    return sides.filter((side) => side.length > 0)
  }

  /** Only as many disks are lost as every record can stand. */
  #loseDisk(machine: Machine): boolean {
    if (!canDoWithout(this.#world, machine.instance)) return false
    this.#world.replaceDisk(machine)
    machine.downUntil = this.#leave(machine)
    return true
  }

  #changeM(m: number): boolean {
    for (const machine of this.#world.machines) {
      this.#world.agenda.in(this.#dice.next() * 500, () => {
        if (this.#world.calm) return
        machine.minReplications = m
        this.#world.trace(() => `${machine.name} has M = ${m}`)
      })
    }
    this.#world.newMinimum = m
    return true
  }

  /** An operator says at one machine that an instance which is dead there will not come back. */
  #forget(): boolean {
    const lost = [...this.#world.instances.values()].filter(({ id }) => !this.#world.isCurrent(id))
    const instance = this.#dice.pick(lost)
    const machine = this.#dice.pick(this.#world.machines.filter(({ isUp, isPaused }) => isUp && !isPaused))
    return instance !== undefined && machine?.member.forget(instance.id) === true
  }
}
