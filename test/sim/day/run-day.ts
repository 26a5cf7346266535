import type { TraceSink } from '../report/trace.ts'
import { type Outcome, runPlan } from '../run-seed.ts'
import { Growth, type Hour } from './growth.ts'
import { dayPlan } from './plan.ts'

export interface DayOutcome extends Outcome {
  /** What the coordinators held after each twenty-fourth of the day, and when all that ended was forgotten. */
  readonly hours: readonly Hour[]
}

/** Runs one day of a seed: faults and work all the time, then calm until all agree, then until all that has ended must be forgotten. */
export function runDay(seed: number, hours: number, trace?: TraceSink): DayOutcome {
  const plan = dayPlan(seed, hours)
  const growth = new Growth(plan)
  const outcome = runPlan(plan, trace, {
    often: (world) => growth.look(world),
    inTheEnd: (world) => growth.atRest(world),
  })
  return { ...outcome, hours: growth.hours }
}
