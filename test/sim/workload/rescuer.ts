import type { Machine } from '../world/machine.ts'
import type { Actor } from './client.ts'
import type { Host } from './host.ts'
import { loseJob } from './jobs.ts'

/** A lease that its host does not list for so long is taken from it. */
const unlistedMs = 800
const everyMs = 400

/** At each coordinator: takes leases from hosts that do not work under them. */
export class Rescuer {
  readonly #actor: Actor
  readonly #machine: Machine
  readonly #hosts: ReadonlyMap<string, Host>
  /** Since when each lease is not listed, in virtual milliseconds. */
  readonly #unlisted = new Map<string, number>()

  constructor(actor: Actor, machine: Machine, hosts: ReadonlyMap<string, Host>) {
    this.#actor = actor
    this.#machine = machine
    this.#hosts = hosts
  }

  start(): void {
    const { world, dice } = this.#actor
    world.agenda.in(everyMs * world.plan.pace * (0.5 + dice.next()), () => {
      if (this.#machine.isUp && !this.#machine.isPaused) this.#look()
      this.start()
    })
  }

  #look(): void {
    const { world, calls, dice } = this.#actor
    const { pace } = world.plan
    for (const record of this.#machine.mirror.known.values()) {
      const { key, value } = record
      if (value.kind !== 'job' || !value.lease) continue
      const { hostId, attempt } = value.lease
      const id = `${key} ${attempt}`
      const held = this.#hosts.get(hostId)?.holding.get(key)?.attempt === attempt
      // Now and then a host is taken for lost that is not.
      if (held && (world.calm || !dice.chance(0.02))) {
        this.#unlisted.delete(id)
        continue
      }
      const since = this.#unlisted.get(id) ?? world.agenda.now
      this.#unlisted.set(id, since)
      const rank = this.#machine.process!.mesh.rank(record)
      if (!held && world.agenda.now - since < (unlistedMs + rank * 300) * pace) continue
      calls.changeAt(
        this.#machine,
        loseJob(`${this.#machine.name} lose ${calls.next()}`, { key, hostId, attempt }),
        () => undefined,
      )
    }
  }
}
