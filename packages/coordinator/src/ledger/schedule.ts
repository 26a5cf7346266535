import type { Clock } from '../clock.ts'
import type { Step } from '../mesh/mesh.ts'
import type { Driver } from '../runtime/driver.ts'
import type { SqliteMeshStore } from './mesh-store.ts'
import type { Queries } from './queries.ts'
import { ScheduleTimer } from './schedule-timer.ts'

export interface ScheduleOptions {
  readonly clock: Clock
  readonly driver: Driver
  readonly store: Pick<SqliteMeshStore, 'promoteDue'>
  readonly queries: Pick<Queries, 'nextRunAt'>
  /** Called within the turn for each record whose time has come; what it answers is called after the commit. */
  readonly onDue: (key: string) => () => void
}

/** Records that become due in one turn. */
const promotedPerTurn = 500

/** Marks scheduled records as due when their time has come. */
export class Schedule {
  readonly #options: ScheduleOptions
  readonly #timer: ScheduleTimer

  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#timer = new ScheduleTimer(options.clock, () => options.driver.run((step) => this.promote(step)))
    this.#timer.at(options.queries.nextRunAt())
  }

  /** A record is scheduled for a time, in milliseconds since 1970. */
  at(runAt: number | null): void {
    this.#timer.at(runAt)
  }

  /** Promotes what is due by now, if the timer has not done so yet. */
  promote(step: Step): void {
    if (!this.#timer.isDue()) return
    const { clock, store, queries, onDue } = this.#options
    for (const { key } of store.promoteDue(clock.now(), promotedPerTurn)) step.after(onDue(key))
    this.#timer.reset(queries.nextRunAt())
  }

  stop(): void {
    this.#timer.stop()
  }
}
