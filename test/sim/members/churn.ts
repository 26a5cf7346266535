import type { Coordinator } from './coordinator.ts'
import type { Field } from './field.ts'

const minuteMs = 60_000

export interface ChurnPlan {
  /** So large a part of the coordinators is struck each minute. */
  readonly sharePerMinute: number
}

/** Coordinators are killed and come back, stand still, join and leave for good, until the answer is called: then those who were to return do so. */
export function churn(field: Field, { sharePerMinute }: ChurnPlan): () => void {
  const { agenda, observer } = field
  const dice = field.dice.fork('churn')
  const away = new Set<Coordinator>()
  let over = false
  const start = (coordinator: Coordinator) => {
    away.delete(coordinator)
    coordinator.start()
    observer.watch('alive', coordinator)
  }
  const strike = (coordinator: Coordinator): void => {
    const kind = dice.next()
    if (kind < 0.3) return coordinator.pause(between(1_000, dice.chance(0.5) ? 4_000 : minuteMs))
    if (kind < 0.45) {
      const through = dice.pick(field.running)!
      return start(field.add([through.url]))
    }
    if (kind < 0.9) coordinator.kill()
    else coordinator.switchOff()
    observer.watch('dead', coordinator)
    // The others leave for good: as many as join.
    if (kind >= 0.75) return
    away.add(coordinator)
    agenda.in(between(30_000, 2 * minuteMs), () => void (away.has(coordinator) && start(coordinator)))
  }
  const next = () => {
    const meanMs = minuteMs / (sharePerMinute * field.running.length)
    agenda.in(-Math.log(1 - dice.next()) * meanMs, () => {
      if (over) return
      strike(dice.pick(field.running)!)
      next()
    })
  }
  const between = (least: number, most: number) => least + dice.next() * (most - least)
  next()
  return () => {
    over = true
    for (const coordinator of away) start(coordinator)
    for (const coordinator of field.coordinators) coordinator.resume()
  }
}
