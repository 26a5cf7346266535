import type { LedgerRecord } from '@skyclaw/protocol'
import type { Step } from '../../../packages/coordinator/src/mesh/mesh.ts'
import type { Heirs } from '../world/heirs.ts'
import type { Machine } from '../world/machine.ts'
import type { Actor } from './client.ts'
import type { Host } from './host.ts'
import { readRecord } from './jobs.ts'

/** Chance that an heir makes something of what it was left. */
const takeChance = 0.7

/** Leaves next rounds to other coordinators, as the plan says, and has them used at once: jobs by a host, other records by a read. */
export class RandomHeirs implements Heirs {
  readonly #actor: Actor
  readonly #hosts: ReadonlyMap<string, Host>

  constructor(actor: Actor, hosts: ReadonlyMap<string, Host>) {
    this.#actor = actor
    this.#hosts = hosts
  }

  heir(): string | undefined {
    const { world, dice } = this.#actor
    return dice.chance(world.plan.heirShare) ? dice.pick(world.machines)?.instance : undefined
  }

  /** By the same fsync as what was inherited, or later. */
  inherited(step: Step, machine: Machine, record: LedgerRecord): void {
    const { dice } = this.#actor
    if (!dice.chance(takeChance)) return
    if (dice.chance(0.5)) this.#take(machine, record, step)
    else step.after(() => this.#take(machine, record))
  }

  #take(machine: Machine, { key, value }: LedgerRecord, within?: Step): void {
    const { calls, dice } = this.#actor
    const host = dice.pick([...this.#hosts.values()])
    if (value.kind === 'job' && value.status === 'queued' && host?.isPresent) return host.takeAt(machine, key, within)
    calls.changeAt(machine, readRecord(`${machine.name} inherits ${calls.next()}`, key), () => undefined, within)
  }
}
