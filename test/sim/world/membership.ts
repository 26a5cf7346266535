import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** Has every coordinator look at the others now and then, as far as the network lets it, and tell its mesh what changed. */
export function watchMembers(world: World, machine: Machine): void {
  const { everyMs } = world.plan.membership
  const look = () => {
    if (machine.isUp && !machine.isPaused) lookAround(world, machine)
    world.agenda.in(everyMs * (0.5 + world.dice.next()), look)
  }
  world.agenda.in(everyMs * world.dice.next(), look)
}

function lookAround(world: World, machine: Machine): void {
  const at = { now: world.agenda.now, monotonic: machine.monotonic, calm: world.calm }
  let changed = false
  for (const { id, machine: other, forgotten } of world.instances.values()) {
    if (other === machine) {
      // Its own former instances it knows from the others.
      if (id !== machine.instance && machine.view.look(gone(id, machine.name, forgotten), at)) changed = true
      continue
    }
    const reached = world.canHear(machine, other)
    const current = other.instance === id
    const truth = {
      instance: id,
      machine: other.name,
      heard: reached && current,
      ready: current && other.isUp && other.process!.mesh.status().ready,
      replaced: reached && !current,
      forgotten,
    }
    if (machine.view.look(truth, at)) changed = true
  }
  if (!changed) return
  world.trace(() => `${machine.name} sees ${JSON.stringify(machine.view.members())}`)
  machine.membersChanged()
}

function gone(instance: string, machine: string, forgotten: boolean) {
  return { instance, machine, heard: false, ready: false, replaced: true, forgotten }
}
