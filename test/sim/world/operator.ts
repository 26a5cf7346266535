import { holdersNeeded, orderVersions } from '../history/order.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

const usuallyEveryMs = 2_000

/** When faults are over: looks for records of which too few replicas are left, and has them begun anew from what survived. */
export function tendRecords(world: World): void {
  const everyMs = usuallyEveryMs * world.plan.pace
  const look = () => {
    for (const [key, history] of world.history.records) {
      const latest = history.latest()
      if (!latest || history.tip.final) continue
      const left = latest.set.replicas.filter((id) => world.isCurrent(id)).length
      const machine = left < holdersNeeded(latest.set) ? whoKnowsMost(world, key) : undefined
      if (!machine) continue
      history.adopt()
      world.trace(() => `an operator has ${key} begun anew at ${machine.name}`)
      machine.process!.driver.run((step, mesh) => mesh.adopt(step, key, () => undefined)).catch(() => undefined)
    }
    world.agenda.in(everyMs, look)
  }
  world.agenda.in(everyMs, look)
}

function whoKnowsMost({ machines }: World, key: string): Machine | undefined {
  const version = ({ mirror }: Machine) => mirror.known.get(key)?.version
  const knowing = machines.filter((machine) => machine.isUp && version(machine))
  return knowing.toSorted((a, b) => orderVersions(version(b)!, version(a)!))[0]
}
