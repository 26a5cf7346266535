import { holdersNeeded } from '../history/order.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** Whether every record would have an accept quorum left without an instance, and without those that are lost or away for long. */
export function canDoWithout(world: World, instance: string): boolean {
  const isLeft = (id: string) => {
    const machine = world.instances.get(id)?.machine
    return id !== instance && machine?.instance === id && machine.awayUntil <= world.agenda.now
  }
  for (const [key, history] of world.history.records) {
    // What somebody else knows to be final needs no quorum any more.
    const knowsEnd = ({ instance: other, mirror }: Machine) => {
      const known = mirror.known.get(key)
      return isLeft(other) && known !== undefined && world.rules.isFinal(known.value)
    }
    if (history.tip.final && world.machines.some(knowsEnd)) continue
    for (const set of history.openSets()) {
      if (set.replicas.filter(isLeft).length < holdersNeeded(set)) return false
    }
  }
  return true
}
