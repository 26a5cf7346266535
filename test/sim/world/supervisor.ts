import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** Starts a machine again when its time has come, and has its ledger prune now and then. */
export function supervise(world: World, machine: Machine): void {
  const { agenda, plan, dice } = world
  const watchMs = 40 * plan.pace
  const watch = () => {
    if (!machine.isUp && (world.calm || agenda.now >= machine.downUntil)) {
      world.checkDisk(machine)
      machine.start()
    }
    agenda.in(watchMs, watch)
  }
  agenda.in(watchMs, watch)
  const prune = () => {
    if (machine.isUp && !machine.isPaused) machine.prune()
    agenda.in((plan.retentionMs / 8) * (0.5 + dice.next()), prune)
  }
  if (plan.prunes) agenda.in(plan.retentionMs / 4, prune)
}
